import { useEffect, useId, useRef, useState } from "preact/hooks";

interface Props {
  label: string;
  button: string;
  value?: string;
  onName: (name: string) => void;
  /** Where given, the field takes the focus, and Escape leaves everything as it was. */
  onCancel?: () => void;
}

export function NameForm({ label, button, value = "", onName, onCancel }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(value);
  useEffect(() => {
    if (onCancel) field.current?.select();
  }, []);
  return (
    <form
      class="row name-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onName(name.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel?.();
      }}
    >
      <label for={id}>{label}</label>
      <input id={id} ref={field} type="text" maxLength={120} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <button type="submit" class="main" disabled={!name.trim()}>
        {button}
      </button>
      {onCancel && (
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      )}
    </form>
  );
}
