// The arrows of docs/architecture.md. What is pure imports nothing that does I/O; each folder knows only what it may.
const IO = '^(node:)?(fs|net|http|https|http2|child_process|os|dgram|tls|dns|timers|worker_threads|process|cluster|perf_hooks)(/|$)';
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((folder) => `^src/${folder}/`)] },
});
const pure = (folder, allowed) => [
  { name: `${folder}-is-pure`, severity: 'error', from: { path: `^src/${folder}/` }, to: { path: IO } },
  { name: `${folder}-uses-no-package`, severity: 'error', from: { path: `^src/${folder}/` }, to: { dependencyTypes: ['npm', 'npm-optional'] } },
  only(`${folder}-knows`, folder, allowed),
];
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...pure('wire', []),
    ...pure('core', ['wire', 'autoscale']),
    ...pure('autoscale', []),
    only('store-knows', 'store', ['wire', 'core']),
    only('agent-knows', 'agent', ['wire', 'core', 'blobs']),
    only('nodes-know', 'nodes', ['core', 'agent']),
    only('blobs-know', 'blobs', ['wire']),
    only('api-knows', 'api', ['wire', 'core', 'store', 'blobs']),
    only('control-knows', 'control', ['wire', 'core', 'store', 'nodes', 'agent', 'blobs', 'autoscale']),
    only('simulation-knows', 'simulation', ['wire', 'core', 'store', 'control', 'autoscale']),
    { name: 'only-store-has-postgres', severity: 'error', from: { path: '^src/', pathNot: '^src/store/' }, to: { path: 'node_modules/(pg|node-pg-migrate)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
