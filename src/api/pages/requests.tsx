/**
 * The list of calls, with filters in the address, page by page.
 *
 * Imports: hono/jsx, domain, store, pages.
 *
 * @module
 */

import { addDays, startOfDay } from "../../domain/days.ts";
import { concernPage } from "../../store/attention.ts";
import type { RequestPage } from "../../store/listing.ts";
import { findProject, listProjects } from "../../store/project_rows.ts";
import { countMatching, type RequestFilters, requestPage } from "../../store/request_pages.ts";
import { CallsTable } from "./calls_table.tsx";
import { counted } from "./format.ts";
import { Frame } from "./layout.tsx";
import { type CallFilters, callsPath, NO_MODEL } from "./links.ts";
import { visible } from "./marked.tsx";
import { Empty, NothingRecorded } from "./parts.tsx";
import { dateIn, type View } from "./view.ts";
import { providerName } from "./words.ts";

const PER_PAGE = 50;

/** Longer than any model's name, and well within the longest address that is taken. */
const MAX_NAME = 1_000;

/** Those that can be chosen. */
const PROVIDERS = ["anthropic", "openai", "gemini", "xai"];

/** What an address asks for, read with the names of {@link CallFilters}. Values that make no sense are dropped. */
export function filtersIn(query: Readonly<Record<string, string>>): CallFilters {
  const text = (name: string, longest = 200) => {
    const value = query[name]?.trim().slice(0, longest);
    return value === undefined || value === "" ? undefined : value;
  };
  const one = (name: string, allowed: readonly string[]) => allowed.find((each) => each === query[name]);
  return {
    project: text("project"),
    // Rows of a newer version may have others.
    provider: text("provider"),
    model: text("model", MAX_NAME),
    status: one("status", ["success", "error"]),
    show: one("show", ["unpriced", "incomplete"]),
    from: dateIn(query["from"]) ?? undefined,
    to: dateIn(query["to"]) ?? undefined,
    q: text("q"),
  };
}

interface Found {
  readonly page: RequestPage;
  /** `null` = not counted. */
  readonly total: number | null;
}

/** Reads a page of calls; `null` when the project does not exist. */
function findCallsFor(view: View, filters: CallFilters, cursor: string | null): Found | null {
  const { db, timeZone } = view;
  const project = filters.project === undefined ? undefined : findProject(db, filters.project);
  if (project === null) return null;
  const common = {
    projectId: project?.id,
    provider: filters.provider,
    model: filters.model === NO_MODEL ? "" : filters.model,
    from: filters.from === undefined ? undefined : startOfDay(filters.from, timeZone),
    to: filters.to === undefined ? undefined : startOfDay(addDays(filters.to, 1), timeZone),
  };
  if (filters.show === "unpriced" || filters.show === "incomplete") {
    return { page: concernPage(db, { ...common, concern: filters.show }, PER_PAGE, cursor), total: null };
  }
  const status = filters.status === "success" || filters.status === "error" ? filters.status : undefined;
  const wanted: RequestFilters = { ...common, status, q: filters.q };
  return { page: requestPage(db, wanted, PER_PAGE, cursor), total: countMatching(db, wanted) };
}

/** The page. @throws {MeterError} `bad_input` for a cursor that does not belong to this list. */
export function RequestsPage({ view, filters, cursor }: { view: View; filters: CallFilters; cursor: string | null }) {
  const found = findCallsFor(view, filters, cursor);
  const filtered = Object.values(filters).some((value) => value !== undefined);
  return (
    <Frame title="Requests" section="/requests" version={view.deps.version}>
      <div class="head">
        <h1>Requests</h1>
        <p class="sub">{headline(found, filters)}</p>
      </div>
      <Filters view={view} filters={filters} filtered={filtered} />
      {/* Later pages stay as they were opened: rows would move under the reader. */}
      <div class="card flush" id="calls" data-live={cursor === null ? "" : undefined}>
        {found === null || found.page.items.length === 0
          ? <None filtered={filtered} more={found?.page.nextCursor ?? null} />
          : <CallsTable calls={found.page.items} now={view.now} project={filters.project === undefined} />}
        <Pager filters={filters} cursor={cursor} next={found?.page.nextCursor ?? null} />
      </div>
    </Frame>
  );
}

function headline(found: Found | null, filters: CallFilters): string {
  const what = filters.show === "unpriced"
    ? "Calls without a cost, newest first"
    : filters.show === "incomplete"
    ? "Calls whose counts are not final, newest first"
    : "Newest first";
  return found?.total === null || found === null ? what : `${counted(found.total, "call")}, newest first`;
}

function None({ filtered, more }: { filtered: boolean; more: string | null }) {
  if (!filtered) {
    return <NothingRecorded />;
  }
  if (more !== null) {
    return <Empty title="None here so far">The search goes on with older calls on the next page.</Empty>;
  }
  return (
    <Empty title="No call matches">
      Take a filter away, or <a href={callsPath()}>show all calls</a>.
    </Empty>
  );
}

function Pager({ filters, cursor, next }: { filters: CallFilters; cursor: string | null; next: string | null }) {
  if (cursor === null && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {cursor === null ? null : <a href={callsPath(filters)}>Newest</a>}
      {next === null
        ? <span class="push muted">The oldest call</span>
        : <a class="push" rel="next" href={callsPath(filters, next)}>Older</a>}
    </nav>
  );
}

function Filters({ view, filters, filtered }: { view: View; filters: CallFilters; filtered: boolean }) {
  const projects = listProjects(view.db);
  return (
    <form class="filters" method="get" action="/requests" role="search" aria-label="Calls">
      <div class="field wide">
        <label for="f-q">Search</label>
        <input id="f-q" type="search" name="q" value={filters.q ?? ""} placeholder="Model, path, client, error, id" />
      </div>
      <Choice
        name="project"
        label="Project"
        value={filters.project}
        options={projects.map(({ slug, name }) => [slug, name] as const)}
      />
      <Choice
        name="provider"
        label="Provider"
        value={filters.provider}
        options={providersWith(filters.provider).map((name) => [name, visible(providerName(name))] as const)}
      />
      <Choice
        name="status"
        label="Ended"
        value={filters.status}
        options={[["success", "Well"], ["error", "In error"]]}
      />
      <Choice
        name="show"
        label="Only"
        value={filters.show}
        options={[["unpriced", "Unpriced"], ["incomplete", "Incomplete"]]}
      />
      <div class="field">
        <label for="f-from">From</label>
        <input id="f-from" type="date" name="from" value={filters.from ?? ""} />
      </div>
      <div class="field">
        <label for="f-to">To</label>
        <input id="f-to" type="date" name="to" value={filters.to ?? ""} />
      </div>
      {filters.model === undefined ? null : (
        <div class="field">
          <label for="f-model">Model</label>
          <input id="f-model" name="model" value={filters.model} />
        </div>
      )}
      <div class="field">
        <button type="submit" class="primary">Show</button>
      </div>
      {filtered
        ? (
          <div class="field">
            <a class="button" href={callsPath()}>Clear</a>
          </div>
        )
        : null}
    </form>
  );
}

/** Those that can be chosen, with the one that was. */
function providersWith(chosen: string | undefined): readonly string[] {
  return chosen === undefined || PROVIDERS.includes(chosen) ? PROVIDERS : [...PROVIDERS, chosen];
}

function Choice({ name, label, value, options }: {
  name: string;
  label: string;
  value: string | undefined;
  options: readonly (readonly [value: string, name: string])[];
}) {
  return (
    <div class="field">
      <label for={`f-${name}`}>{label}</label>
      <select id={`f-${name}`} name={name} data-submit>
        <option value="">All</option>
        {options.map(([option, text]) => <option value={option} selected={option === value}>{text}</option>)}
      </select>
    </div>
  );
}
