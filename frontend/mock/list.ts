import type { ImagePage, ImageRow } from "../src/api/types.ts";
import { readQuery } from "../src/logic/list-query.ts";
import type { MockImage, MockProject } from "./state.ts";

/** What a list shows of an image; the rest is for the viewer. */
export function row({ detail, corrected }: MockImage): ImageRow {
  const { tile_size: _size, levels: _levels, ranges: _ranges, overlays: _overlays, counted_channel: _counted, depth_note: _note, ...rest } = detail;
  return { ...rest, corrected: corrected?.length ?? null };
}

export function listed(whole: MockProject, values: URLSearchParams): ImagePage {
  const query = readQuery(values);
  const keep = {
    flagged: (image: ImageRow) => image.flags.length > 0,
    failed: (image: ImageRow) => image.state === "failed",
    reviewed: (image: ImageRow) => image.reviewed,
    unreviewed: (image: ImageRow) => !image.reviewed,
  };
  const by = {
    name: (image: ImageRow) => image.name,
    count: (image: ImageRow) => image.count ?? -1,
    width: (image: ImageRow) => (image.upper ?? 0) - (image.lower ?? 0),
    flags: (image: ImageRow) => image.flags.length,
    reviewed: (image: ImageRow) => Number(image.reviewed),
    added: (image: ImageRow) => Number(image.id.slice(1)),
  }[query.sort];
  const found = whole.images
    .map(row)
    .filter((image) => image.name.toLowerCase().includes(query.filter.toLowerCase()) && (query.only === null || keep[query.only](image)));
  const sign = query.order === "asc" ? 1 : -1;
  found.sort((one, other) => (by(one) < by(other) ? -sign : by(one) > by(other) ? sign : 0));
  const offset = Number(values.get("offset") ?? 0);
  return { total: found.length, revision: 1, items: found.slice(offset, offset + Number(values.get("limit") ?? 100)) };
}
