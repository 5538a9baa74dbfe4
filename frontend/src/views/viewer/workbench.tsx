import { useEffect, useRef, useState } from "preact/hooks";

import type { ImageDetail, Point, Project, Region } from "../../api/types.ts";
import { added, cleared, compare, inside, nearest, without, type Box } from "../../logic/points.ts";
import { whyNotReviewed } from "../../logic/review.ts";
import { tellBad } from "../../state/notice.ts";
import { useStore } from "../../state/store.ts";
import type { Jobs } from "../../state/use-jobs.ts";
import { ConflictDialog } from "./conflict-dialog.tsx";
import type { Correction } from "./correction.ts";
import { CorrectionPanel } from "./correction-panel.tsx";
import { CountPanel } from "./count-panel.tsx";
import { KeysDialog } from "./keys-dialog.tsx";
import { LookPanel } from "./look-panel.tsx";
import { firstLight, type Lighting } from "./lighting.ts";
import { ScaleBarMark } from "./scale-bar-mark.tsx";
import { channelsOf, settings, setTool, toggleLayer } from "./settings.ts";
import { Stage } from "./stage.ts";
import { useKeys } from "./use-keys.ts";
import { WalkPanel, type Walk } from "./walk-panel.tsx";

interface Props {
  project: Project;
  detail: ImageDetail;
  correction: Correction;
  region: Region | null;
  jobs: Jobs;
  walk: Walk;
}

/** The picture on the left, everything to know and to do on the right. */
export function Workbench({ project, detail, correction, region, jobs, walk }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const [zoom, setZoom] = useState(0);
  const [help, setHelp] = useState(false);
  const state = useStore(correction.state);
  const chosen = useStore(settings);
  const [light, setLight] = useState<Lighting>(() => firstLight(detail, chosen.channels[channelsOf(detail)]));

  const click = (at: Point, reach: number): void => {
    if (settings.value.tool !== "points" || !inside(at, detail.height, detail.width)) return;
    const index = nearest(correction.shown, at, reach);
    correction.edit(index < 0 ? added(correction.shown, at) : without(correction.shown, index));
  };
  const clear = (box: Box): void => {
    const left = cleared(correction.shown, box);
    if (left.length < correction.shown.length) correction.edit(left);
  };

  useEffect(() => {
    if (place.current === null || canvas.current === null) return undefined;
    const made = new Stage(place.current, canvas.current, project.id, detail, { click, box: clear, moved: setZoom });
    stage.current = made;
    made.target.setAttribute("role", "application");
    made.target.setAttribute("aria-label", `Picture of ${detail.name}. Press the question mark for the keys.`);
    made.mark({ region });
    made.target.focus({ preventScroll: true });
    return () => made.close();
  }, []);

  useEffect(() => stage.current?.renew(detail), [detail.count, detail.model]);
  useEffect(() => {
    const timer = setTimeout(() => stage.current?.show(light), stage.current && zoom > 0 ? 150 : 0);
    return () => clearTimeout(timer);
  }, [light]);
  useEffect(() => {
    for (const kind of detail.overlays) stage.current?.setOverlay(kind, chosen.opacity[kind]);
    stage.current?.mark({ opacity: chosen.opacity.points });
    if (stage.current) stage.current.boxTool = chosen.tool === "box";
  }, [chosen, detail.overlays.join()]);
  useEffect(() => {
    if (state === null) return;
    const model = state.model.map(([y, x]): Point => [y, x]);
    stage.current?.mark(compare(model, correction.shown));
  }, [state?.model, state?.history.present]);

  useKeys({
    next: walk.next,
    previous: walk.previous,
    back: walk.back,
    review: () => {
      const now = correction.state.value;
      const seen = { touched: now?.history.present != null, shown: correction.shown.length };
      const why = now?.reviewed ? null : whyNotReviewed(detail, seen);
      if (why === null) correction.review(!now?.reviewed);
      else tellBad("This image is not reviewed.", why);
    },
    undo: () => correction.undo(),
    redo: () => correction.redo(),
    tool: setTool,
    toggle: toggleLayer,
    pan: (right, down) => stage.current?.camera.pan(right, down),
    zoom: (factor) => stage.current?.camera.zoom(factor),
    fit: () => stage.current?.camera.fit(),
    actualSize: () => stage.current?.camera.actualSize(),
    addHere: () => {
      const at = stage.current?.camera.middle();
      if (at && inside(at, detail.height, detail.width)) correction.edit(added(correction.shown, at));
    },
    removeHere: () => {
      const camera = stage.current?.camera;
      const index = camera ? nearest(correction.shown, camera.middle(), camera.reach() * 2) : -1;
      if (index >= 0) correction.edit(without(correction.shown, index));
    },
    clearSight: () => stage.current && clear(stage.current.camera.sight()),
    help: () => setHelp(true),
  });

  return (
    <div class="workbench">
      <div class={`stage tool-${chosen.tool}`}>
        <div class="picture" ref={place} />
        <canvas class="marks" ref={canvas} aria-hidden="true" />
        <div class="cross" aria-hidden="true" />
        <ScaleBarMark zoom={zoom} pixelSize={detail.pixel_size} />
      </div>
      <aside class="panels" aria-label="About this image">
        <WalkPanel name={detail.name} walk={walk} onHelp={() => setHelp(true)} />
        <CountPanel project={project} detail={detail} jobs={jobs} />
        {state && <CorrectionPanel detail={detail} correction={correction} state={state} tool={chosen.tool} />}
        <LookPanel detail={detail} light={light} onLight={setLight} opacity={chosen.opacity} />
      </aside>
      {help && <KeysDialog onClose={() => setHelp(false)} />}
      {state?.conflict && (
        <ConflictDialog
          mine={{ points: correction.shown.length, reviewed: state.reviewed }}
          theirs={state.conflict}
          onChoose={(whose) => correction.choose(whose)}
        />
      )}
    </div>
  );
}
