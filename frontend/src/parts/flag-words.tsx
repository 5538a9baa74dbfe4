import { useId } from "preact/hooks";

import type { Flag } from "../api/types.ts";

/** Flags as words; what one means is told on hovering and on reaching it with the keyboard. */
export function FlagWords({ flags }: { flags: readonly Flag[] }) {
  return (
    <>
      {flags.map((flag) => (
        <FlagWord key={flag.word} flag={flag} />
      ))}
    </>
  );
}

function FlagWord({ flag }: { flag: Flag }) {
  const id = useId();
  return (
    <span class="flag" tabIndex={0} aria-describedby={id}>
      {flag.word.replaceAll(/[-_]/g, " ")}
      <span role="tooltip" id={id}>
        {flag.sentence}
      </span>
    </span>
  );
}

/** The same in full, where there is room. */
export function FlagSentences({ flags }: { flags: readonly Flag[] }) {
  if (flags.length === 0) return null;
  return (
    <ul class="flag-sentences" aria-label="What is unusual about this image">
      {flags.map((flag) => (
        <li key={flag.word}>
          <strong>{flag.word.replaceAll(/[-_]/g, " ")}</strong> {flag.sentence}
        </li>
      ))}
    </ul>
  );
}
