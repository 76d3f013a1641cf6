interface Judged {
  readonly holds: boolean;
  readonly sentence: string;
}

/** What a slow machine breaks: each with whether the figure that it states is out of its bound. */
const ofSpeed: readonly [RegExp, (bound: number, found: number) => boolean][] = [
  [/^(?:total|placed in) under (\d+\.\d\d) s: (\d+\.\d\d) s$/, (bound, found) => found >= bound],
  [/^decision under (\d+) % of the total: (\d+\.\d) %$/, (bound, found) => found >= bound],
  [/^phases add up to (\d+) % of the total: (\d+\.\d) %$/, (bound, found) => found <= bound],
  // Creates that come slowly are more batches.
  [
    /^no more capacity updates than workers: (?<found>\d+) for (?<bound>\d+) workers$/,
    (bound, found) => found > bound,
  ],
];

function isSlowness(sentence: string): boolean {
  const ofOneRound = sentence.replace(/ \(\d+ of \d+ rounds\)$/, '');
  return ofSpeed.some(([pattern, breaks]) => {
    const match = pattern.exec(ofOneRound);
    if (!match) return false;
    const {bound = match[1], found = match[2]} = match.groups ?? {};
    return breaks(Number(bound), Number(found));
  });
}

export interface Verdict {
  readonly count: number;
  /** What does not hold for another reason than a machine that is slow. */
  readonly wrong: readonly string[];
  /** That goes with it. */
  readonly exitCode: 0 | 1;
}

/** Of a report of `berth demo` or `berth perf`, or of the criteria in its JSON. */
export function verdictOf(report: string | readonly Judged[]): Verdict {
  const criteria = typeof report === 'string' ? criteriaIn(report) : report;
  const broken = criteria.filter(({holds}) => !holds).map(({sentence}) => sentence);
  return {
    count: criteria.length,
    wrong: broken.filter((sentence) => !isSlowness(sentence)),
    exitCode: broken.length === 0 ? 0 : 1,
  };
}

function criteriaIn(text: string): readonly Judged[] {
  return [...text.matchAll(/^ {2}([✓✗]) (.*)$/gm)].map(([, mark, sentence]) => ({
    holds: mark === '✓',
    sentence: sentence!,
  }));
}
