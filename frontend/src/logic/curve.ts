/** Values along steps as an SVG path in a box; y grows downwards there. */

export interface Sample {
  step: number;
  value: number;
}

export interface Frame {
  width: number;
  height: number;
}

export interface Curve {
  path: string;
  least: number;
  most: number;
  last: Sample;
}

export function curve(samples: readonly Sample[], frame: Frame): Curve | null {
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  const last = finite.at(-1);
  const begin = finite[0];
  if (last === undefined || begin === undefined) return null;
  const values = finite.map(({ value }) => value);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const across = last.step - begin.step || 1;
  const up = most - least || 1;
  const place = ({ step, value }: Sample): string => {
    const x = ((step - begin.step) / across) * frame.width;
    const y = frame.height - ((value - least) / up) * frame.height;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  return { path: `M${finite.map(place).join("L")}`, least, most, last };
}
