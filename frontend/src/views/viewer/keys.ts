/** Every key of the viewer, in the order of the `?` dialog. */
export const KEYS = [
  { keys: ["n", "p"], does: "next image, previous image" },
  { keys: ["r"], does: "tick or untick Reviewed" },
  { keys: ["click"], does: "add a point; on a point: remove it" },
  { keys: ["Shift + drag"], does: "remove all points in a box" },
  { keys: ["Ctrl + z", "Ctrl + Shift + z"], does: "undo, redo" },
  { keys: ["a", "b", "l"], does: "tool: add or remove points, clear a box, look only" },
  { keys: ["← ↑ → ↓"], does: "move the picture" },
  { keys: ["+", "−"], does: "zoom in, zoom out" },
  { keys: ["0", "1"], does: "whole picture, one pixel on one pixel" },
  { keys: ["Enter"], does: "add a point at the cross in the middle" },
  { keys: ["Delete"], does: "remove the point at the cross" },
  { keys: ["Shift + Delete"], does: "remove all points in sight" },
  { keys: ["m", "d", "o"], does: "show or hide points, density, outlines" },
  { keys: ["Esc"], does: "back to the list" },
  { keys: ["?"], does: "this list" },
] as const;

export interface Actions {
  next: () => void;
  previous: () => void;
  review: () => void;
  undo: () => void;
  redo: () => void;
  tool: (tool: "points" | "box" | "look") => void;
  toggle: (layer: "points" | "density" | "outlines") => void;
  pan: (right: number, down: number) => void;
  zoom: (factor: number) => void;
  fit: () => void;
  actualSize: () => void;
  addHere: () => void;
  removeHere: () => void;
  clearSight: () => void;
  back: () => void;
  help: () => void;
}

/** Fields in which letters and arrows mean something else. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input:not([type=checkbox]), select, textarea, dialog") !== null;
}

/** On a button or a link, Enter presses it. */
function pressing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, summary, input") !== null;
}

const PAN = 0.12;

/** Returns whether the key was one of ours. */
export function answerKey(event: KeyboardEvent, actions: Actions): boolean {
  if (event.altKey) return false;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (typing(event.target) && !(event.target instanceof HTMLInputElement && event.target.type === "range")) return false;
    if (key === "z") return done(event.shiftKey ? actions.redo : actions.undo);
    if (key === "y") return done(actions.redo);
    return false;
  }
  if (typing(event.target)) return false;
  if (pressing(event.target) && (key === "Enter" || key === " ")) return false;
  const answer = plainKey(key, event.shiftKey, actions);
  return answer === undefined ? false : done(answer);
}

function plainKey(key: string, shift: boolean, actions: Actions): (() => void) | undefined {
  switch (key) {
    case "n":
      return actions.next;
    case "p":
      return actions.previous;
    case "r":
      return actions.review;
    case "a":
      return () => actions.tool("points");
    case "b":
      return () => actions.tool("box");
    case "l":
      return () => actions.tool("look");
    case "m":
      return () => actions.toggle("points");
    case "d":
      return () => actions.toggle("density");
    case "o":
      return () => actions.toggle("outlines");
    case "ArrowLeft":
      return () => actions.pan(-PAN, 0);
    case "ArrowRight":
      return () => actions.pan(PAN, 0);
    case "ArrowUp":
      return () => actions.pan(0, -PAN);
    case "ArrowDown":
      return () => actions.pan(0, PAN);
    case "+":
    case "=":
      return () => actions.zoom(1.4);
    case "-":
      return () => actions.zoom(1 / 1.4);
    case "0":
      return actions.fit;
    case "1":
      return actions.actualSize;
    case "Enter":
      return actions.addHere;
    case "Delete":
    case "Backspace":
      return shift ? actions.clearSight : actions.removeHere;
    case "Escape":
      return actions.back;
    case "?":
      return actions.help;
    default:
      return undefined;
  }
}

function done(action: () => void): true {
  action();
  return true;
}
