import type { Job } from "../../api/types.ts";
import { plural } from "../../logic/words.ts";

const error = (value: number | null | undefined): string =>
  value === null || value === undefined ? "not measured" : String(Number(value.toPrecision(3)));

/** Fewer images say little about which model is better. */
const FEW = 5;

/** Old against new, on the same images, and which of the two is used from now on. */
export function Outcome({ job }: { job: Job }) {
  if (job.state === "failed") return <p class="notice bad">Improving failed. {job.message}</p>;
  if (job.state === "cancelled") return <p class="hint">Improving was cancelled; the old model is kept.</p>;
  const { result } = job;
  if (!result) return null;
  const measured = result.new?.n ?? result.old?.n;
  return (
    <section class="outcome">
      <h2>{result.kept === "new" ? "The new model is better and is used from now on" : "The old model is kept"}</h2>
      {measured !== undefined && (
        <p>
          On {plural(measured, "reviewed image")} that the training did not see, the old model is off by{" "}
          <strong>{error(result.old?.mae)}</strong> cells per image on average, the new one by <strong>{error(result.new?.mae)}</strong>.
          {measured < FEW && ` With so few images the difference may be chance: review more, and improve again.`}
        </p>
      )}
      <table>
        <caption>How many cells off a count is, on average</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col" class="number">
              Cells off per image
            </th>
            <th scope="col">Used from now on</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">old</th>
            <td class="number">{error(result.old?.mae)}</td>
            <td>{result.kept === "old" ? "✓ yes" : "no"}</td>
          </tr>
          <tr>
            <th scope="row">new</th>
            <td class="number">{error(result.new?.mae)}</td>
            <td>{result.kept === "new" ? "✓ yes" : "no"}</td>
          </tr>
        </tbody>
      </table>
      {result.kept === "new" && (
        <>
          <p>Earlier counts stay as they are until you count again. To use the old model again, choose it in the menu “Model” above.</p>
          <p>
            The new model has no lower and upper bounds until it is calibrated (<code>cytally calibrate</code>), and counts made with it have
            none.
          </p>
        </>
      )}
    </section>
  );
}
