import OpenSeadragon from "openseadragon";

import type { Point, Region } from "../../api/types.ts";
import type { Box } from "../../logic/points.ts";
import type { Place } from "./points-layer.ts";

const REACH_PX = 9;

/**
 * Which part of the image is in sight. OpenSeadragon measures in widths of the image from its top left corner, the page
 * in pixels from the centre of the first one.
 */
export class Camera {
  constructor(
    private readonly viewport: OpenSeadragon.Viewport,
    private readonly screen: HTMLElement,
    private readonly unit: number,
  ) {}

  /** The pixel of the image at a place of the screen. */
  at(position: OpenSeadragon.Point): Point {
    const { x, y } = this.viewport.pointFromPixel(position, true);
    return [y * this.unit - 0.5, x * this.unit - 0.5];
  }

  place(): Place {
    const { x, y } = this.viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
    return { x, y, zoom: (this.viewport.getZoom(true) * this.screen.clientWidth) / this.unit };
  }

  /** How far off a click may be and still mean a point, in pixels of the image. */
  reach(): number {
    return REACH_PX / this.place().zoom;
  }

  /** A region and a quarter of its size around it. */
  lookAt([y, x, height, width]: Region): void {
    const [left, top] = [x - width / 4, y - height / 4].map((value) => value / this.unit);
    const bounds = new OpenSeadragon.Rect(left, top, (width * 1.5) / this.unit, (height * 1.5) / this.unit);
    this.viewport.fitBounds(bounds, true);
  }

  /** By fractions of what is in sight. */
  pan(right: number, down: number): void {
    const { width, height } = this.viewport.getBounds();
    this.viewport.panBy(new OpenSeadragon.Point(right * width, down * height));
    this.viewport.applyConstraints();
  }

  zoom(factor: number): void {
    this.viewport.zoomBy(factor);
    this.viewport.applyConstraints();
  }

  fit(atOnce = false): void {
    this.viewport.goHome(atOnce);
  }

  /** One pixel of the image on one of the screen. */
  actualSize(): void {
    this.viewport.zoomTo(this.unit / this.screen.clientWidth);
  }

  /** What the cross in the middle points at. */
  middle(): Point {
    const { x, y } = this.viewport.getCenter(true);
    return [y * this.unit - 0.5, x * this.unit - 0.5];
  }

  /** What is in sight, as a box. */
  sight(): Box {
    const { x, y, width, height } = this.viewport.getBounds(true);
    const [top, left] = [y * this.unit - 0.5, x * this.unit - 0.5];
    return { y0: top, x0: left, y1: top + height * this.unit, x1: left + width * this.unit };
  }
}
