import OpenSeadragon from "openseadragon";

import { overlayAddress, tileAddress } from "../../api/calls.ts";
import type { ImageDetail, OverlayKind, Point } from "../../api/types.ts";
import type { Box } from "../../logic/points.ts";

import { Camera } from "./camera.ts";
import { keepStylesOut } from "./no-inline-style.ts";
import { drawMarks, type Marks, type Place } from "./points-layer.ts";
import { tileSource } from "./tiles.ts";

export interface Light {
  channel: number;
  low: number | null;
  high: number | null;
}

export interface StageEvents {
  /** `reach`: how far off a click may be and still mean a point, in pixels of the image. */
  click: (at: Point, reach: number) => void;
  box: (box: Box) => void;
  /** After every change of what is in sight. */
  moved: (zoom: number) => void;
}

const MANY = 1000;
const REST_MS = 100;

/** The picture, its overlays and its points. Knows nothing of what a click means. */
export class Stage {
  readonly camera: Camera;
  private readonly viewer: OpenSeadragon.Viewer;
  /** The picture, and while its brightness changes, those that are on their way. */
  private readonly pictures: OpenSeadragon.TiledImage[] = [];
  private readonly overlays = new Map<OverlayKind, OpenSeadragon.TiledImage | "coming">();
  private readonly opacity = new Map<OverlayKind, number>();
  private marks: Marks = { kept: [], placed: [], removed: [], opacity: 1, region: null, box: null };
  private pressed: Point | null = null;
  /** Where the image lay when its points were drawn. */
  private drawn: Place | null = null;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  boxTool = false;

  constructor(
    element: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly project: string,
    private detail: ImageDetail,
    private readonly events: StageEvents,
  ) {
    keepStylesOut();
    this.viewer = OpenSeadragon({
      element,
      drawer: "canvas",
      showNavigationControl: false,
      preserveViewport: true,
      animationTime: 0.35,
      maxZoomPixelRatio: 20,
      minZoomImageRatio: 0.7,
      visibilityRatio: 0.4,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
      gestureSettingsTouch: { dblClickToZoom: false },
      gestureSettingsPen: { clickToZoom: false, dblClickToZoom: false },
    });
    this.camera = new Camera(this.viewer.viewport, canvas, detail.width);
    // The page has keys of its own; two answers to one key would confuse.
    this.viewer.addHandler("canvas-key", (event) => {
      event.preventDefaultAction = true;
    });
    this.viewer.addHandler("canvas-click", (event) => {
      if (!event.quick || this.shifted(event) || this.boxTool) return;
      this.events.click(this.camera.at(event.position), this.camera.reach());
    });
    this.viewer.addHandler("canvas-press", (event) => {
      this.pressed = this.camera.at(event.position);
    });
    this.viewer.addHandler("canvas-drag", (event) => {
      if (this.pressed === null || !(this.boxTool || this.shifted(event) || this.marks.box)) return;
      event.preventDefaultAction = true;
      const [y1, x1] = this.camera.at(event.position);
      this.mark({ box: { y0: this.pressed[0], x0: this.pressed[1], y1, x1 } });
    });
    this.viewer.addHandler("canvas-drag-end", (event) => {
      const { box } = this.marks;
      if (box === null) return;
      event.preventDefaultAction = true;
      this.mark({ box: null });
      this.events.box(box);
    });
    this.viewer.addHandler("update-viewport", () => this.moved());
    this.viewer.addHandler("resize", () => this.moved());
  }

  /** The part that takes the keyboard. */
  get target(): HTMLElement {
    return this.viewer.canvas as HTMLElement;
  }

  /** Shows one channel; the picture before stays until the new one is there, so that nothing flickers. */
  show(light: Light): void {
    this.viewer.addTiledImage({
      tileSource: tileSource(this.detail, (level, column, row) =>
        tileAddress(this.project, this.detail.id, light, { level, column, row }),
      ),
      index: this.pictures.length,
      success: (event) => {
        const item = (event as unknown as { item: OpenSeadragon.TiledImage }).item;
        if (this.closed) return;
        this.pictures.push(item);
        if (this.pictures.length > 1) {
          this.onceLoaded(item, () => this.dropBefore(item));
        } else if (this.marks.region) {
          this.camera.lookAt(this.marks.region);
        } else {
          this.camera.fit(true);
        }
      },
    });
  }

  private dropBefore(item: OpenSeadragon.TiledImage): void {
    if (this.closed) return;
    const place = this.pictures.indexOf(item);
    for (const old of this.pictures.splice(0, Math.max(place, 0))) this.viewer.world.removeItem(old);
  }

  private onceLoaded(item: OpenSeadragon.TiledImage, then: () => void): void {
    if (item.getFullyLoaded()) then();
    else item.addOnceHandler("fully-loaded-change", then);
  }

  /** Tiles of an overlay are only asked for once it is wanted. */
  setOverlay(kind: OverlayKind, opacity: number): void {
    this.opacity.set(kind, opacity);
    const there = this.overlays.get(kind);
    if (there === "coming" || (there === undefined && opacity === 0)) return;
    if (there) {
      there.setOpacity(opacity);
      return;
    }
    this.overlays.set(kind, "coming");
    const version = `${this.detail.model ?? ""}-${this.detail.count ?? ""}`;
    this.viewer.addTiledImage({
      tileSource: tileSource(this.detail, (level, column, row) =>
        overlayAddress(this.project, this.detail.id, kind, version, { level, column, row }),
      ),
      success: (event) => {
        if (this.closed) return;
        const item = (event as unknown as { item: OpenSeadragon.TiledImage }).item;
        this.overlays.set(kind, item);
        item.setOpacity(this.opacity.get(kind) ?? 0);
      },
    });
  }

  /** After a count the overlays are others. */
  renew(detail: ImageDetail): void {
    this.detail = detail;
    for (const [kind, item] of [...this.overlays]) {
      if (item === "coming") continue;
      this.viewer.world.removeItem(item);
      this.overlays.delete(kind);
      this.setOverlay(kind, this.opacity.get(kind) ?? 0);
    }
  }

  mark(part: Partial<Marks>): void {
    this.marks = { ...this.marks, ...part };
    this.draw();
  }

  close(): void {
    this.closed = true;
    this.viewer.destroy();
  }

  private shifted(event: { originalEvent: Event }): boolean {
    return (event.originalEvent as Partial<MouseEvent>).shiftKey === true;
  }

  private moved(): void {
    if (this.closed) return;
    const { zoom } = this.camera.place();
    // Single pixels are shown as squares once they are large enough to be seen.
    this.viewer.drawer.setImageSmoothingEnabled(zoom < 3);
    this.shift();
    this.events.moved(zoom);
  }

  /** While the picture moves, many points are moved as one; they are drawn anew once it rests. */
  private shift(): void {
    const { kept, placed, removed } = this.marks;
    if (this.drawn === null || kept.length + placed.length + removed.length < MANY) {
      this.draw();
      return;
    }
    const now = this.camera.place();
    const scale = now.zoom / this.drawn.zoom;
    const [right, down] = [now.x - scale * this.drawn.x, now.y - scale * this.drawn.y];
    this.canvas.style.transform = `translate(${right}px, ${down}px) scale(${scale})`;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.draw(), REST_MS);
  }

  private draw(): void {
    if (this.closed) return;
    clearTimeout(this.rest);
    this.drawn = this.camera.place();
    this.canvas.style.transform = "";
    drawMarks(this.canvas, this.drawn, this.marks);
  }
}
