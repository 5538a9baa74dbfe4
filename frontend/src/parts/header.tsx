import { toImprove, toNext, toProject, toProjects, type Route } from "../logic/route.ts";
import { about } from "../state/about.ts";
import { useStore } from "../state/store.ts";
import { chooseTheme, theme, type Theme } from "../state/theme.ts";

interface Props {
  route: Route;
  projectName: string | null;
}

export function Header({ route, projectName }: Props) {
  const chosen = useStore(theme);
  const told = useStore(about);
  return (
    <header class="top">
      <a class="brand" href={toProjects} title={told ? `cytally ${told.version}, working in ${told.workspace}` : "cytally"}>
        cytally
      </a>
      {route.view !== "projects" && (
        <nav aria-label="Project">
          <span class="project-name">{projectName ?? ""}</span>
          <Tab href={toProject(route.project)} here={route.view === "project" || route.view === "viewer"}>
            Images
          </Tab>
          <Tab href={toNext(route.project)} here={route.view === "next"}>
            What to label next
          </Tab>
          <Tab href={toImprove(route.project)} here={route.view === "improve"}>
            Improve
          </Tab>
        </nav>
      )}
      <label class="theme">
        <span>Colours</span>
        <select value={chosen} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
          <option value="system">like the computer</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
    </header>
  );
}

function Tab({ href, here, children }: { href: string; here: boolean; children: string }) {
  return (
    <a href={href} class="tab" aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}
