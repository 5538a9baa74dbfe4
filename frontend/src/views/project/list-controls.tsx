import { useEffect, useId, useState } from "preact/hooks";

import { SORTS, type ListQuery, type Only, type Sort } from "../../logic/list-query.ts";

interface Props {
  query: ListQuery;
  pictures: boolean;
  onQuery: (query: ListQuery) => void;
  onPictures: (on: boolean) => void;
}

const PAUSE_MS = 250;

const SORT_WORDS: Record<Sort, string> = {
  name: "name",
  count: "count",
  width: "width of the bounds",
  flags: "number of flags",
  reviewed: "reviewed or not",
  added: "time of adding",
};

export function ListControls({ query, pictures, onQuery, onPictures }: Props) {
  const id = useId();
  const [text, setText] = useState(query.filter);
  useEffect(() => setText(query.filter), [query.filter]);
  useEffect(() => {
    if (text === query.filter) return undefined;
    const timer = setTimeout(() => onQuery({ ...query, filter: text }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div class="row controls" role="search">
      <label for={`${id}-filter`}>Name contains</label>
      <input id={`${id}-filter`} type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <label for={`${id}-only`}>Show</label>
      <select
        id={`${id}-only`}
        value={query.only ?? ""}
        onChange={(event) => onQuery({ ...query, only: (event.currentTarget.value || null) as Only | null })}
      >
        <option value="">all images</option>
        <option value="flagged">only flagged</option>
        <option value="failed">only failed</option>
        <option value="reviewed">only reviewed</option>
        <option value="unreviewed">only not yet reviewed</option>
      </select>
      <label for={`${id}-sort`}>Sort by</label>
      <select id={`${id}-sort`} value={query.sort} onChange={(event) => onQuery({ ...query, sort: event.currentTarget.value as Sort })}>
        {SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {SORT_WORDS[sort]}
          </option>
        ))}
      </select>
      <button
        type="button"
        aria-label={query.order === "asc" ? "Smallest first; turn the order" : "Largest first; turn the order"}
        onClick={() => onQuery({ ...query, order: query.order === "asc" ? "desc" : "asc" })}
      >
        {query.order === "asc" ? "▲" : "▼"}
      </button>
      <span class="gap" />
      <span role="group" aria-label="Layout" class="switch">
        <button type="button" aria-pressed={!pictures} onClick={() => onPictures(false)}>
          Table
        </button>
        <button type="button" aria-pressed={pictures} onClick={() => onPictures(true)}>
          Pictures
        </button>
      </span>
    </div>
  );
}
