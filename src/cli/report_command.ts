/**
 * `halton-meter report`: reads the database directly; needs no daemon.
 *
 * Imports: domain, os, store, cli.
 *
 * @module
 */

import { MeterError } from "../domain/errors.ts";
import { paths } from "../os/paths.ts";
import { openReadOnly } from "../store/database.ts";
import type { MeterContext } from "./app.ts";
import { PIPE_COLUMNS } from "./output.ts";
import { buildReport, type ReportBy } from "./report.ts";
import { renderCsv, renderJson } from "./report_data.ts";
import { type PeriodFlags, periodOf } from "./report_period.ts";
import { renderText } from "./report_text.ts";
import { VERSION } from "./version.ts";

/** Flags of the command. */
export interface ReportFlags extends PeriodFlags {
  readonly today: boolean;
  readonly project?: string;
  readonly by?: ReportBy;
  readonly vsPrevious: boolean;
  readonly json: boolean;
  readonly csv: boolean;
}

/** Prints the report. */
export async function reportCommand(this: MeterContext, flags: ReportFlags): Promise<void> {
  if (flags.json && flags.csv) {
    throw new MeterError("wrong_usage", "Cannot print both: --json and --csv exclude each other", {
      hint: "Give one of them",
    });
  }
  const range = periodOf(flags, Date.now());
  const db = openReadOnly(paths().database);
  try {
    const report = buildReport(db, { range, project: flags.project, by: flags.by, versusPrevious: flags.vsPrevious });
    const { stdout } = this.process;
    if (flags.json) stdout.write(renderJson(report, VERSION));
    else if (flags.csv) stdout.write(renderCsv(report));
    else {stdout.write(
        await renderText(report, VERSION, { columns: stdout.columns ?? PIPE_COLUMNS, colour: stdout.colour }),
      );}
  } finally {
    db?.close();
  }
}
