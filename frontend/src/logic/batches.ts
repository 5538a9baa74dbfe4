/** Files in handfuls: one request each would be slow, all in one would tell nothing until the end. */
export function batches<T extends { size: number }>(files: readonly T[], most = 20, bytes = 64e6): T[][] {
  const all: T[][] = [];
  let batch: T[] = [];
  let weight = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length >= most || weight + file.size > bytes)) {
      all.push(batch);
      batch = [];
      weight = 0;
    }
    batch.push(file);
    weight += file.size;
  }
  if (batch.length > 0) all.push(batch);
  return all;
}
