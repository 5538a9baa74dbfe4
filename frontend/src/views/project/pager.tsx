import { number, plural } from "../../logic/words.ts";

interface Props {
  page: number;
  total: number;
  size: number;
  onPage: (page: number) => void;
}

export function Pager({ page, total, size, onPage }: Props) {
  const pages = Math.max(Math.ceil(total / size), 1);
  if (pages === 1 && page === 1) return total > 0 ? <p class="hint">{plural(total, "image")}</p> : null;
  const turn = (to: number): void => {
    onPage(to);
    window.scrollTo({ top: 0 });
  };
  return (
    <nav class="row pager" aria-label="Pages of the list">
      <button type="button" disabled={page <= 1} onClick={() => turn(page - 1)}>
        Previous page
      </button>
      <span>
        {number((page - 1) * size + 1)}–{number(Math.min(page * size, total))} of {plural(total, "image")}, page {number(page)} of {number(pages)}
      </span>
      <button type="button" disabled={page >= pages} onClick={() => turn(page + 1)}>
        Next page
      </button>
    </nav>
  );
}
