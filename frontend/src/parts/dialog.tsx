import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  /** Called on Escape as well; leave it out where a choice has to be made. */
  onClose?: () => void;
  /** What the way out is called. */
  closeLabel?: string;
  children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, closeLabel = "Close", children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
      {onClose && (
        <p class="row end">
          <button type="button" onClick={onClose}>
            {closeLabel}
          </button>
        </p>
      )}
    </dialog>
  );
}
