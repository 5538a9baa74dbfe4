import { thumbnailAddress } from "../../api/calls.ts";
import { count, interval } from "../../logic/words.ts";
import { FlagWords } from "../../parts/flag-words.tsx";
import { stateWord, viewerAddress, type ListProps } from "./shared.ts";

export function ImageGrid({ project, items, query, first, selected, toggle }: ListProps) {
  return (
    <ul class="pictures">
      {items.map((image, index) => (
        <li key={image.id} class={selected.has(image.id) ? "selected" : ""}>
          <a href={viewerAddress(project, image.id, query, first + index)}>
            <img src={thumbnailAddress(project, image.id)} alt="" width={200} height={150} loading="lazy" decoding="async" />
            <span class="picture-name">{image.name}</span>
          </a>
          <div class="row">
            <input
              type="checkbox"
              aria-label={`Select ${image.name}`}
              checked={selected.has(image.id)}
              onChange={(event) => toggle([image.id], event.currentTarget.checked)}
            />
            <span>
              {image.count === null ? (
                <span class={`state ${image.state}`}>{stateWord(image)}</span>
              ) : (
                <strong>{count(image.count)}</strong>
              )}{" "}
              <span class="hint">{interval(image.lower, image.upper)}</span>
            </span>
            {image.reviewed && <span class="tick">✓ reviewed</span>}
          </div>
          <FlagWords flags={image.flags} />
        </li>
      ))}
    </ul>
  );
}
