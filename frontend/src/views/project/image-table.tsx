import { thumbnailAddress } from "../../api/calls.ts";
import type { ImageRow } from "../../api/types.ts";
import { sortBy, type ListQuery, type Sort } from "../../logic/list-query.ts";
import { count, interval, number } from "../../logic/words.ts";
import { FlagWords } from "../../parts/flag-words.tsx";
import { stateWord, viewerAddress, type ListProps } from "./shared.ts";

interface Props extends ListProps {
  onSort: (query: ListQuery) => void;
}

export function ImageTable({ project, items, query, first, selected, toggle, onSort }: Props) {
  const ids = items.map((image) => image.id);
  const all = ids.length > 0 && ids.every((id) => selected.has(id));
  const heading = (sort: Sort, text: string, number = false) => {
    const here = query.sort === sort;
    return (
      <th scope="col" class={number ? "number" : ""} aria-sort={here ? (query.order === "asc" ? "ascending" : "descending") : undefined}>
        <button type="button" class="sort" onClick={() => onSort(sortBy(query, sort))}>
          {text}
          <span aria-hidden="true">{here ? (query.order === "asc" ? " ▲" : " ▼") : ""}</span>
        </button>
      </th>
    );
  };
  return (
    <table class="images">
      <thead>
        <tr>
          <th scope="col">
            <input
              type="checkbox"
              aria-label="Select all images of this page"
              checked={all}
              onChange={(event) => toggle(ids, event.currentTarget.checked)}
            />
          </th>
          <th scope="col">
            <span class="unseen">Picture</span>
          </th>
          {heading("name", "Name")}
          <th scope="col">State</th>
          {heading("count", "Count", true)}
          {heading("width", "Lower to upper", true)}
          <th scope="col" class="number">
            Corrected
          </th>
          {heading("flags", "Flags")}
          {heading("reviewed", "Reviewed")}
        </tr>
      </thead>
      <tbody>
        {items.map((image, index) => (
          <Row
            key={image.id}
            project={project}
            image={image}
            address={viewerAddress(project, image.id, query, first + index)}
            selected={selected.has(image.id)}
            onSelect={(on) => toggle([image.id], on)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  project: string;
  image: ImageRow;
  address: string;
  selected: boolean;
  onSelect: (on: boolean) => void;
}

function Row({ project, image, address, selected, onSelect }: RowProps) {
  return (
    <tr class={selected ? "selected" : ""}>
      <td>
        <input type="checkbox" aria-label={`Select ${image.name}`} checked={selected} onChange={(event) => onSelect(event.currentTarget.checked)} />
      </td>
      <td class="thumbnail">
        <a href={address} tabIndex={-1} aria-hidden="true">
          <img src={thumbnailAddress(project, image.id)} alt="" width={56} height={42} loading="lazy" decoding="async" />
        </a>
      </td>
      <th scope="row">
        <a href={address}>{image.name}</a>
        {image.error && <span class="error-text">{image.error}</span>}
      </th>
      <td>
        <span class={`state ${image.state}`}>{stateWord(image)}</span>
      </td>
      <td class="number">{count(image.count)}</td>
      <td class="number">{interval(image.lower, image.upper)}</td>
      <td class="number">{image.corrected === null ? "" : number(image.corrected)}</td>
      <td>
        <FlagWords flags={image.flags} />
      </td>
      <td>{image.reviewed && <span class="tick">✓ reviewed</span>}</td>
    </tr>
  );
}
