import { useId } from "preact/hooks";

import type { ImageDetail } from "../../api/types.ts";
import { channelName, COLOUR, hasColour, type Lighting } from "./lighting.ts";
import { setChannel, setOpacity, type Settings } from "./settings.ts";

interface Props {
  detail: ImageDetail;
  light: Lighting;
  onLight: (light: Lighting) => void;
  opacity: Settings["opacity"];
}

const LAYERS = { points: "Points", density: "Density", outlines: "Outlines" } as const;

/** Channel, brightness, and how strong each layer is. None of it changes a count. */
export function LookPanel({ detail, light, onLight, opacity }: Props) {
  const id = useId();
  const range = detail.ranges.find(({ channel }) => channel === light.channel);
  const channels = detail.channels.map((_, index) => ({ index, name: channelName(detail.channels, index) }));
  const choose = (channel: number): void => {
    setChannel(detail, channel);
    onLight({ channel, low: null, high: null });
  };
  return (
    <section class="panel look" aria-label="View">
      {channels.length > 1 && (
        <div class="field">
          <label for={`${id}-channel`}>Channel</label>
          <select id={`${id}-channel`} value={String(light.channel)} onChange={(event) => choose(Number(event.currentTarget.value))}>
            {hasColour(detail) && <option value={String(COLOUR)}>all in colour</option>}
            {channels.map(({ index, name }) => (
              <option key={index} value={String(index)}>
                {name}
              </option>
            ))}
          </select>
        </div>
      )}
      {range && (
        <Brightness
          least={range.least}
          most={range.most}
          low={light.low ?? range.low}
          high={light.high ?? range.high}
          changed={light.low !== null || light.high !== null}
          onChange={(low, high) => onLight({ ...light, low, high })}
        />
      )}
      {(["points", ...detail.overlays] as const).map((layer) => (
        <div class="field" key={layer}>
          <label for={`${id}-${layer}`}>{LAYERS[layer]}</label>
          <input
            id={`${id}-${layer}`}
            type="range"
            min="0"
            max="1"
            step="0.05"
            value={opacity[layer]}
            aria-valuetext={`${Math.round(opacity[layer] * 100)} percent`}
            onInput={(event) => setOpacity(layer, Number(event.currentTarget.value))}
          />
        </div>
      ))}
      <ul class="legend" aria-label="Marks">
        <li class="kept">found by the model</li>
        <li class="placed">added by you</li>
        <li class="removed">removed by you</li>
      </ul>
    </section>
  );
}

interface BrightnessProps {
  least: number;
  most: number;
  low: number;
  high: number;
  changed: boolean;
  onChange: (low: number | null, high: number | null) => void;
}

function Brightness({ least, most, low, high, changed, onChange }: BrightnessProps) {
  const id = useId();
  const width = most - least;
  // Whole grey values where there are many, fine steps where the image has fractions.
  const step = width > 20 ? 1 : width / 200 || 1;
  return (
    <>
      <div class="field">
        <label for={`${id}-low`}>Black at</label>
        <input
          id={`${id}-low`}
          type="range"
          min={least}
          max={most}
          step={step}
          value={low}
          onInput={(event) => onChange(Math.min(Number(event.currentTarget.value), high - step), high)}
        />
      </div>
      <div class="field">
        <label for={`${id}-high`}>White at</label>
        <input
          id={`${id}-high`}
          type="range"
          min={least}
          max={most}
          step={step}
          value={high}
          onInput={(event) => onChange(low, Math.max(Number(event.currentTarget.value), low + step))}
        />
      </div>
      {changed && (
        <button type="button" class="quiet" onClick={() => onChange(null, null)}>
          Brightness as it was
        </button>
      )}
    </>
  );
}
