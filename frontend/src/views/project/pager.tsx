interface Props {
  page: number;
  total: number;
  size: number;
  onPage: (page: number) => void;
}

export function Pager({ page, total, size, onPage }: Props) {
  const pages = Math.max(Math.ceil(total / size), 1);
  if (pages === 1 && page === 1) return total > 0 ? <p class="hint">{total === 1 ? "1 image" : `${total} images`}</p> : null;
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
        {(page - 1) * size + 1}–{Math.min(page * size, total)} of {total} images, page {page} of {pages}
      </span>
      <button type="button" disabled={page >= pages} onClick={() => turn(page + 1)}>
        Next page
      </button>
    </nav>
  );
}
