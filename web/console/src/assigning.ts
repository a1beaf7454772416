/** Giving jobs to crews from the console: one or many, a result for each, and a way back. */
import { ElMessage } from "element-plus";
import { reactive } from "vue";

import type { Language } from "@wangge/shared/vocabulary/words.ts";

import { DELETE, got, PUT, sentenceOf } from "./api.ts";
import { crewName, type Job, jobs, readBoard } from "./live.ts";

interface Step {
  job: string;
  number: string;
  from: string | null;
  to: string;
}

export interface Result {
  number: string;
  isDone: boolean;
  text: string;
}

export const past = reactive<{ steps: Step[]; results: Result[] }>({ steps: [], results: [] });

function version(id: string): { "If-Match": string } | undefined {
  const found = jobs.value.find((one) => one.id === id);
  return found && { "If-Match": `"${found.version}"` };
}

async function put(job: string, crew: string, isPinned: boolean): Promise<void> {
  const params = { path: { job_id: job }, header: version(job) } as { path: { job_id: string } };
  await got(
    PUT("/api/v1/dispatch/{job_id}/assignment", {
      params,
      headers: version(job),
      body: { crew_id: crew, is_pinned: isPinned },
    }),
  );
}

/** Give each job to the crew; one that cannot go does not stop the others, and every one has its result. */
export async function assign(
  chosen: Job[],
  crew: string,
  language: Language,
  isPinned = false,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const job of chosen) {
    const number = job.number ?? job.id.slice(-8);
    try {
      await put(job.id, crew, isPinned);
      past.steps.push({ job: job.id, number, from: job.crew_id, to: crew });
      results.push({ number, isDone: true, text: crewName(crew) });
    } catch (error) {
      results.push({ number, isDone: false, text: sentenceOf(error, language) });
    }
  }
  past.results = results;
  await readBoard();
  return results;
}

/** Take the last assignment back: to the crew that had it, or to nobody. */
export async function undo(language: Language): Promise<void> {
  const step = past.steps.pop();
  if (!step) return;
  try {
    if (step.from) await put(step.job, step.from, false);
    else
      await got(DELETE("/api/v1/dispatch/{job_id}/assignment", { params: { path: { job_id: step.job } } }));
    ElMessage.success(`${step.number} ↶`);
  } catch (error) {
    ElMessage.error(sentenceOf(error, language));
  }
  await readBoard();
}
