import { expect, it } from "vitest";

import { listParameters, PLAIN_LIST, readQuery, sortBy, writeQuery, type ListQuery } from "../src/logic/list-query.ts";
import { readRegion, readRoute, toImage, toProject } from "../src/logic/route.ts";

it("reads back what it wrote", () => {
  const query: ListQuery = { sort: "count", order: "desc", filter: "a b&c", only: "flagged" };
  expect(readQuery(writeQuery(query))).toEqual(query);
  expect(writeQuery(PLAIN_LIST).toString()).toBe("");
  const route = readRoute(toImage("p 1", "i/2", writeQuery(query)));
  expect(route).toMatchObject({ view: "viewer", project: "p 1", image: "i/2" });
});

it("takes what it does not know for the plain list", () => {
  expect(readQuery(new URLSearchParams("sort=size&only=nice&order=up"))).toEqual(PLAIN_LIST);
  expect(readRoute("#/nowhere")).toEqual({ view: "projects" });
  expect(readRoute("")).toEqual({ view: "projects" });
  expect(readRoute(toProject("p"))).toMatchObject({ view: "project", project: "p" });
});

it("turns a column's order on the second click", () => {
  const once = sortBy(PLAIN_LIST, "count");
  expect(once).toMatchObject({ sort: "count", order: "asc" });
  expect(sortBy(once, "count").order).toBe("desc");
  expect(listParameters(once, 100, 100)).toBe("offset=100&limit=100&sort=count&order=asc");
});

it("takes a region only when it is one", () => {
  expect(readRegion(new URLSearchParams("region=1,2,30,40"))).toEqual([1, 2, 30, 40]);
  for (const text of ["", "region=1,2,3", "region=1,2,0,4", "region=a,b,c,d", "region=1,2,3,4,5"]) {
    expect(readRegion(new URLSearchParams(text))).toBeNull();
  }
});
