(() => {
  "use strict";
  const body = document.querySelector("#counts tbody");
  const rows = Array.from(body.rows);
  const cards = new Map(Array.from(document.querySelectorAll("#cards > li"), (card) => [card.dataset.row, card]));
  const gallery = document.getElementById("cards");
  const words = document.getElementById("words");
  const flagged = document.getElementById("only-flagged");
  const shown = document.getElementById("shown");
  const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function filter() {
    const wanted = words.value.trim().toLowerCase();
    let visible = 0;
    for (const row of rows) {
      const named = row.cells[0].dataset.value.toLowerCase().includes(wanted);
      const show = named && (!flagged || !flagged.checked || "flagged" in row.dataset);
      row.hidden = !show;
      cards.get(row.dataset.row).hidden = !show;
      visible += show ? 1 : 0;
    }
    shown.value = visible === rows.length ? `all ${rows.length}` : `${visible} of ${rows.length}`;
  }

  function sort(header, kind) {
    const column = header.cellIndex;
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.value;
    rows.sort((one, two) => {
      const a = value(one);
      const b = value(two);
      // Empty cells stay at the end, whichever way the table is sorted.
      if (a === "" || b === "") return (a === "") - (b === "");
      return direction * (kind === "number" ? Number(a) - Number(b) : byName.compare(a, b));
    });
    body.append(...rows);
    gallery.append(...rows.map((row) => cards.get(row.dataset.row)));
  }

  for (const button of document.querySelectorAll("#counts thead button")) {
    button.addEventListener("click", () => sort(button.closest("th"), button.dataset.kind));
  }
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", filter);
  if (flagged) flagged.addEventListener("change", filter);
  filter();
})();
