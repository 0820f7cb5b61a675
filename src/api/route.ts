/**
 * How a route is described: what it takes, what it answers with, and which failures it knows.
 *
 * Imports: zod, ./problem.ts, domain.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { isDate, isTimeZone } from "../domain/days.ts";
import { Problem } from "./problem.ts";

/** A JSON answer, and the failures that every route may answer with. */
export function answers<Shape extends z.ZodType>(schema: Shape, description: string) {
  return {
    200: { description, content: { "application/json": { schema } } },
    default: { description: "What went wrong", content: { "application/problem+json": { schema: Problem } } },
  } as const;
}

/** An answer of another type. */
export function answersText(type: string, description: string) {
  return {
    200: { description, content: { [type]: { schema: z.string() } } },
    default: { description: "What went wrong", content: { "application/problem+json": { schema: Problem } } },
  } as const;
}

const Day = z.string().refine(isDate, "a day such as 2026-01-31");

/** Whose days are meant. */
export const Zone = z.string().max(64).refine(isTimeZone, "a time zone such as Europe/Berlin").optional().openapi({
  description: "Time zone of the days; the machine's when absent",
});

/** A period of days. */
export const PeriodQuery = z.object({
  since: Day.optional().openapi({ description: "First day; absent = 30 days, the last one included" }),
  until: Day.optional().openapi({ description: "Last day, included, a year ahead at most; absent = today" }),
  tz: Zone,
});

export const ZoneQuery = z.object({ tz: Zone });

export const SlugParam = z.object({ slug: z.string().min(1).max(128) });
export const IdParam = z.object({ id: z.string().regex(/^[0-9a-f-]{36}$/, "the id of a call") });

const MAX_PAGE = 500;

/** Which page of a list. */
const pageFields = {
  limit: z.coerce.number().pipe(z.int().min(1).max(MAX_PAGE)).default(50),
  cursor: z.string().max(200).optional().openapi({ description: "next_cursor of the page before" }),
};

const filterFields = {
  provider: z.string().min(1).max(64).optional(),
  model: z.string().max(1_000).optional().openapi({ description: "Empty = calls that named none" }),
  status: z.enum(["success", "error"]).optional(),
  from: Day.optional().openapi({ description: "First day" }),
  to: Day.optional().openapi({ description: "Last day, included" }),
  q: z.string().trim().min(1).max(200).optional().openapi({
    description: "Found in model, path, client, project, error code or beginning of the id",
  }),
  tz: Zone,
};

export const ProjectRequestsQuery = z.object({ ...pageFields, ...filterFields });
export const ProjectCsvQuery = z.object(filterFields);
export const RequestsQuery = z.object({
  ...pageFields,
  ...filterFields,
  project: z.string().min(1).max(128).optional().openapi({ description: "Slug" }),
});
