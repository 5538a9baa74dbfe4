import { curve, type Sample } from "../../logic/curve.ts";
import { number } from "../../logic/words.ts";

const FRAME = { width: 440, height: 150 };
const LEFT = 56;
const TOP = 8;

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** One curve with its axes; the newest value stands in words below it, for those who do not see the drawing. */
export function CurvePlot({ title, samples, nothing }: { title: string; samples: readonly Sample[]; nothing: string }) {
  const drawn = curve(samples, FRAME);
  return (
    <figure class="curve">
      <figcaption>
        {title}
        {drawn && (
          <span class="hint">
            {" "}
            now {short(drawn.last.value)} at step {number(drawn.last.step)}
          </span>
        )}
      </figcaption>
      {!drawn && <p class="hint">{nothing}</p>}
      <svg viewBox={`0 0 ${LEFT + FRAME.width + 10} ${TOP + FRAME.height + 24}`} aria-hidden="true">
        <g transform={`translate(${LEFT} ${TOP})`}>
          <path class="axis" d={`M0,0V${FRAME.height}H${FRAME.width}`} />
          {drawn && (
            <>
              <text x={-6} y={8} class="end">
                {short(drawn.most)}
              </text>
              <text x={-6} y={FRAME.height} class="end">
                {short(drawn.least)}
              </text>
              <text x={FRAME.width} y={FRAME.height + 18} class="end">
                step {number(drawn.last.step)}
              </text>
              <path class="line" d={drawn.path} />
            </>
          )}
        </g>
      </svg>
    </figure>
  );
}
