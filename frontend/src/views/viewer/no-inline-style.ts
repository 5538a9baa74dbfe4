const MARK = "data-openseadragon-mobile-css";

/**
 * Keeps OpenSeadragon from putting a style of its own into the page, which the server's policy forbids and the browser
 * would complain of. It asks whether an element `style` with this mark is there; one without any meaning to the browser
 * (it is of no namespace) answers that. The rule itself is in styles/viewer.css.
 */
export function keepStylesOut(): void {
  if (document.querySelector(`style[${MARK}]`)) return;
  const mark = document.createElementNS(null, "style");
  mark.setAttribute(MARK, "true");
  document.head.append(mark);
}
