/** Where each page stands in the documentation: a page belongs to one group, by what a reader has come for. */
export interface Group {
  readonly title: string;
  /** Paths from the root of the repository, in the order in which they are shown. */
  readonly pages: readonly string[];
  /** All pages below this folder that are not named stand here as well, by their titles. */
  readonly below?: string;
}

export const HOME = 'README.md';

export const NAVIGATION: readonly Group[] = [
  { title: 'Begin', pages: [HOME, 'docs/tutorial.md'] },
  {
    title: 'How to: run work',
    pages: ['docs/run.md', 'docs/applications.md', 'docs/containers.md', 'docs/mounts-and-images.md', 'docs/low-priority.md', 'docs/autoscale.md', 'docs/regions.md'],
  },
  { title: 'How to: see and mend', pages: ['docs/page.md', 'docs/explain.md', 'docs/events.md', 'docs/cost.md', 'docs/lint.md'] },
  { title: 'How to: use your clients', pages: ['docs/az.md', 'docs/templates.md', 'docs/terraform.md', 'docs/management.md', 'docs/identity.md'], below: 'docs/clients/' },
  { title: 'How to: test and try', pages: ['docs/testing.md', 'docs/ci.md', 'docs/compare.md', 'docs/seed.md', 'docs/clock.md', 'docs/simulate.md'] },
  { title: 'How to: get nodes', pages: ['docs/providers.md', 'docs/kubernetes.md', 'docs/slurm.md', 'docs/ssh.md', 'docs/nodes.md', 'docs/isolation.md'] },
  { title: 'How to: operate', pages: ['docs/operating.md', 'docs/operations.md', 'docs/images.md', 'docs/several.md', 'docs/network.md', 'docs/backup.md', 'docs/metrics.md', 'docs/tracing.md'] },
  { title: 'Reference', pages: ['docs/compatibility.md', 'docs/own-operations.md', 'docs/cli.md'], below: 'docs/reference/' },
  { title: 'Explanations', pages: ['docs/architecture.md', 'docs/tick.md', 'docs/performance.md', 'docs/dependencies.md'] },
  { title: 'The project', pages: ['CONTRIBUTING.md', 'CHANGELOG.md', 'docs/releases.md', 'SECURITY.md'] },
];

/** The group with all its pages. @param all pages that there are @param titleOf of one of them */
export function pagesOf(group: Group, all: readonly string[], titleOf: (page: string) => string): readonly string[] {
  const { below, pages } = group;
  if (below === undefined) return pages;
  const named = new Set(NAVIGATION.flatMap((one) => one.pages));
  const rest = all.filter((page) => page.startsWith(below) && !named.has(page));
  return [...pages, ...rest.toSorted((a, b) => titleOf(a).localeCompare(titleOf(b), 'en'))];
}
