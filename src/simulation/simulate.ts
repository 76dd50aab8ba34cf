import type { AttemptOutcome } from '../core/events.ts';
import { withoutEndings } from '../core/decisions.ts';
import { type AccountNumber, jobTaskName } from '../core/keys.ts';
import type { CreateCore } from '../core/port.ts';
import { seededRandom } from '../control/journal.ts';
import { RulesFault } from '../control/ownerOptions.ts';
import { type AddedTasks, type OwnerStore, type QuarantineSubject, Refused, type TickCommit } from '../store/ownerStore.ts';
import { simulatedAgent } from './agent.ts';
import { createChecks } from './checks.ts';
import { type Workload, createClients } from './clients.ts';
import { type Faults, NO_FAULTS } from './faults.ts';
import { type Reach, faultyStore } from './faultyStore.ts';
import { unfinished } from './finished.ts';
import { memoryStore } from './memoryStore.ts';
import { createNetwork } from './network.ts';
import { type Poison, Poisoned, poisoned } from './poison.ts';
import { simulatedProvider } from './provider.ts';
import { type Service, startService } from './service.ts';
import { createTransitionChecks } from './transitionChecks.ts';
import { type Truth, createTruth } from './truth.ts';
import { EPOCH, createWorld } from './world.ts';

export interface Scenario {
  readonly seed: number;
  readonly workload: Workload;
  readonly faults: Faults;
  /** null: the provider proves each death. */
  readonly leaseMs: number | null;
  readonly createCore: CreateCore;
  /** What the rules fail on; left out: nothing. Any other failure of theirs is a violation. */
  readonly poison?: Poison;
  /** Does something to the store: to the database itself, or to what an owner sees of it. Left out: nothing. */
  readonly stores?: { readonly database?: (store: OwnerStore) => OwnerStore; readonly seen?: (store: OwnerStore) => OwnerStore };
  /** Sees each tick that is committed. */
  readonly onCommit?: (tick: TickCommit) => void;
  /** Receives one line for whatever happens of note; for looking into a failing seed. */
  readonly trace?: (line: string) => void;
}

export interface Result {
  /** Empty: all went well. */
  readonly violations: readonly string[];
  readonly virtualMs: number;
  readonly steps: number;
  readonly commits: number;
  /** Those that were sent while another one of their owner was under way. */
  readonly ahead: number;
  readonly attempts: number;
  readonly owners: number;
  /** How often the account was loaded. */
  readonly loads: number;
  /** Jobs whose end by itself the store refused. */
  readonly refusedEndings: number;
  /** Attempts that were ended to make room for others. */
  readonly preemptions: number;
  /** How often a low-priority node was taken back. */
  readonly takenBack: number;
  /** How often a multi-instance task ran on all its nodes. */
  readonly together: number;
  /** For how long nodes were there, as the rules have counted it and as the provider has seen it; and how many. */
  readonly nodeMs: { readonly counted: number; readonly seen: number; readonly nodes: number };
  /** What was in quarantine when all else was done. */
  readonly quarantine: readonly QuarantineSubject[];
  /** Of everything that was committed: two runs of one seed give the same. */
  readonly fingerprint: number;
}

const ACCOUNT: AccountNumber = 1;
/** After the last fault everything has to finish within this. */
const FINISH_MS = 3_600_000;
/** Whether all is done is a question to every task. */
const LOOK_EVERY_STEPS = 64;
const MEND_EVERY_MS = 1_000;
const AWAY_MS = [100, 15_000] as const;
const CUT_OFF_MS = [10_000, 20_000] as const;
const FULL_MS = [1_000, 20_000] as const;
const HANGS_MS = [1_000, 200_000] as const;
/** When an unanswered ping is noticed. */
const CUT_MS = [5_000, 10_000] as const;
const REPLACED_AFTER_MS = [50, 5_000] as const;
const CLOCK_SET_MS = [-600_000, 20_000] as const;
const HANDED_LATE_MS = 200;
/** From what happens to what comes of it, where nothing goes wrong: a tick there, and messages both ways. */
const REACTS_WITHIN_MS = 100;
/** Two ticks of so few jobs make fewer questions to the store than this, each with a delay there and back. */
const WAKE_WITHIN_DELAYS = 60;
/** The loop rests so long after a question that failed. */
const AFTER_FAILURE_MS = 200;
/** For want of room it rests ever longer, up to this; so often until then. */
const AFTER_NO_ROOM_MS = 5_000;
const TRIES_UNTIL_THEN = 6;

/**
 * One account's life from a seed: clients, an owner (or two at once), nodes, and whatever goes wrong between them; then
 * calm, until all is done and deleted.
 */
export async function simulate(scenario: Scenario): Promise<Result> {
  const { workload, leaseMs } = scenario;
  const world = createWorld(scenario.seed);
  const trace = (line: string): void => scenario.trace?.(`${String(world.now() - EPOCH).padStart(8)} ${line}`);
  let faults = scenario.faults;
  let awayUntil = 0;
  let fullSince = 0;
  let fullUntil = 0;
  let commits = 0;
  let ahead = 0;
  let fingerprint = 0;
  let loads = 0;
  let refusedEndings = 0;
  let quarantine: readonly QuarantineSubject[] = [];

  const slots = new Map<number, number>();
  const checks = createChecks({ tables: () => memory.tables, account: ACCOUNT, truth: () => truth, slotsOfNode: (node) => slots.get(node), reactsWithinMs: workload.gangEveryMs === undefined ? null : REACTS_WITHIN_MS });
  const transitionChecks = createTransitionChecks({ tables: () => memory.tables, violated: (what) => checks.violated(what) });
  const truth: Truth = createTruth({
    onStart: (attempt, live) => checks.onStart(attempt, live),
    onProceed: (key) => checks.onProceed(key),
    onAcknowledged: (key) => checks.onAcknowledged(key),
  });
  const memory = memoryStore({
    clock: world.now,
    onCommit: (tick, refused) => {
      commits += 1;
      refusedEndings += refused.length;
      fingerprint = mixed(fingerprint, JSON.stringify([tick.epoch, tick.now, tick.decisions, refused]));
      transitionChecks.onCommit({ ...tick, decisions: withoutEndings(tick.decisions, refused) }, refused);
      checks.onCommit({ ...tick, decisions: withoutEndings(tick.decisions, refused) });
      scenario.onCommit?.(tick);
    },
  });
  const watchedStore: OwnerStore = {
    ...memory.store,
    load: (account) => {
      loads += 1;
      return memory.store.load(account);
    },
    commit: (tick) => {
      for (const { job } of tick.decisions.guards) clients.besideEnding(job);
      return memory.store.commit(tick);
    },
  };
  const database = scenario.stores?.database?.(watchedStore) ?? watchedStore;

  /** As the owner of one process sees it. */
  const seenStore = (reach: Reach): OwnerStore => {
    const store = faultyStore(world, database, reach);
    let underWay = 0;
    const counting: OwnerStore = {
      ...store,
      commit: (tick) => {
        if (underWay > 0) ahead += 1;
        underWay += 1;
        return store.commit(tick).finally(() => {
          underWay -= 1;
        });
      },
    };
    return scenario.stores?.seen?.(counting) ?? counting;
  };

  const network = createNetwork(world, () => faults);
  const services: Service[] = [];
  const living = (): readonly Service[] => services.filter((service) => service.isUp() && service.owner.phase !== 'ended');
  const current = (): Service | undefined => living().find(({ process }) => process === memory.tables.owner(ACCOUNT)) ?? living().at(-1);
  const provider = simulatedProvider({
    world,
    faults: () => faults,
    leaseMs,
    onWiped: (node) => truth.wiped(node),
    boot: (request, disk, onGone) => {
      slots.set(request.node, request.slots);
      return simulatedAgent({
        world,
        truth,
        node: request.node,
        nodeId: request.nodeId,
        life: request.life,
        disk,
        onGone,
        dial: (callbacks) => {
          // Any process answers or redirects; now and then one that has been replaced still thinks that it is the
          // owner.
          const host = world.chance(0.9) ? current() : world.pick(services.filter((service) => service.isUp()));
          if (host === undefined) world.after(1, callbacks.closed);
          else network.dial(host, request.credential, callbacks);
        },
        startTaskFails: () => {
          const { startTaskFails = 0 } = faults;
          return startTaskFails > 0 && world.chance(startTaskFails);
        },
        jobTask: (key, retry) => fate(mixed(scenario.seed, `${jobTaskName(key)}.${retry} ${request.nodeId}`)),
        coordination: (key) => fate(mixed(scenario.seed, `coordination ${key.job}.${key.task}.${key.attempt}.${key.instance}`)),
        work: (key) => {
          const { durationMs, outcome } = fate(mixed(scenario.seed, `${key.job}.${key.task}.${key.attempt}`));
          return { durationMs: durationMs * (workload.longer ?? 1), outcome };
        },
      });
    },
  });

  /** Who finds no room tries ever more seldom, and lets nobody wait. */
  const checkNoRoom = (process: string): (() => void) => {
    let [tries, since] = [0, 0];
    const refused = (): void => {
      const owner = services.find((service) => service.process === process)?.owner;
      // One that has not started yet has no clients.
      if (owner === undefined || owner.noRoom === null) return;
      if (since !== fullSince) [tries, since] = [0, fullSince];
      tries += 1;
      const fullMs = world.now() - fullSince;
      if (tries > TRIES_UNTIL_THEN + 1 + Math.ceil(fullMs / AFTER_NO_ROOM_MS)) checks.violated(`${process} tried ${tries} times within ${fullMs} ms to write on a full disk`);
      if (owner.isAwaited()) checks.violated(`${process} finds no room, and lets clients wait`);
    };
    return () => world.after(1, refused);
  };

  const addService = (): void => {
    const process = `process-${services.length + 1}`;
    trace(`${process} starts`);
    const onNoRoom = checkNoRoom(process);
    services.push(
      startService({
        world,
        account: ACCOUNT,
        process,
        store: ({ isDead, isCutOff }) => seenStore({ isDead, isAway: () => isCutOff() || world.now() < awayUntil, isFull: () => world.now() < fullUntil, onNoRoom, faults: () => faults }),
        provider,
        createCore: scenario.poison === undefined ? scenario.createCore : poisoned(scenario.createCore, scenario.poison),
        log: {
          info: (fields, message) => trace(`${process}: ${message} ${JSON.stringify(fields)}`),
          warn: (fields, message) => trace(`${process}: ${message} ${describe(fields)}`),
          error: (fields, message) => {
            trace(`${process}: ${message} ${describe(fields)}`);
            if (isFault(fields)) checks.violated(`${process}: ${message} ${describe(fields)}`);
          },
        },
        story: {
          tasks: true,
          tell: ({ level, message, fields }) => {
            if ('error' in fields) checks.violated(`${message}: ${describe(fields)}`);
            if (scenario.trace !== undefined) trace(`${process}: ${level} ${message} ${JSON.stringify(fields)}`);
          },
        },
        onError: (error) => trace(`${process}: ${String(error)}`),
        onFault: (fault) => checks.violated(`${fault.message}: ${String(fault.cause)}`),
      }),
    );
  };

  /**
   * A wake-up is answered soon, whatever others ask for meanwhile, unless something has gone wrong at its process.
   * Returns what notes the answer.
   */
  const checkAnswered = (service: Service): (() => void) => {
    const disturbances = service.disturbances();
    const withinMs = AFTER_FAILURE_MS + WAKE_WITHIN_DELAYS * (scenario.faults.storeMs[1] + 1);
    // While the account is loaded nobody is answered.
    let isAnswered = service.owner.phase !== 'ready' || service.owner.isCareful;
    world.after(withinMs, () => {
      const undisturbed = service.isUp() && service.owner.phase === 'ready' && !service.owner.isCareful && service.disturbances() === disturbances && world.now() - withinMs >= awayUntil;
      if (!isAnswered && undisturbed) checks.violated(`a wake-up of ${service.process} was not answered within ${withinMs} ms`);
    });
    return () => {
      isAnswered = true;
    };
  };

  /** An owner that found no room writes again soon after there is some. */
  const checkGoesOn = (service: Service, restMs: number): void => {
    const disturbances = service.disturbances();
    const withinMs = restMs + AFTER_FAILURE_MS + WAKE_WITHIN_DELAYS * (scenario.faults.storeMs[1] + 1);
    world.after(withinMs, () => {
      const undisturbed = service.isUp() && service.owner.phase !== 'ended' && service.disturbances() === disturbances && world.now() - withinMs >= Math.max(awayUntil, fullUntil);
      if (undisturbed && service.owner.noRoom !== null) checks.violated(`${service.process} has not written ${withinMs} ms after there was room`);
    });
  };

  const wake = (): void => {
    const service = current();
    if (service === undefined || world.chance(faults.wakeLost)) return;
    const upTo = memory.tables.inbox.at(-1)?.entry ?? 0;
    const answered = checkAnswered(service);
    service.owner.wake().finally(answered).then(
      () => {
        const left = memory.tables.inbox.find(({ entry }) => entry <= upTo);
        if (left !== undefined) checks.violated(`a wake-up was answered although inbox entry ${left.entry} had not been taken in`);
      },
      () => undefined,
    );
  };
  /** What is handed over may be late: by then other adds may have been, and the owner may have read it. */
  const sweep = (added?: AddedTasks): void => {
    if (world.chance(faults.wakeLost)) return;
    const lateMs = added !== undefined && world.chance(faults.handedLate) ? world.between(1, HANDED_LATE_MS) : 0;
    const service = current();
    if (lateMs === 0) service?.owner.sweep(added);
    else world.after(lateMs, () => (service?.isUp() === true ? service.owner.sweep(added) : undefined));
  };
  const clients = createClients({ world, account: ACCOUNT, workload, intents: memory.intents, tables: memory.tables, wake, sweep });

  let calm = false;
  const now = (everyMs: number | null, happen: () => void): void => {
    if (everyMs === null) return;
    world.after(-Math.log(1 - world.random()) * everyMs, () => {
      if (calm) return;
      happen();
      now(everyMs, happen);
    });
  };
  const replaceOwner = (): void => {
    const old = current();
    trace(`${old?.process} is to be replaced`);
    // Either it cannot reach the database for longer than others wait, or they wait too little: then both are owners in
    // their own eyes.
    if (world.chance(0.5)) old?.partition(world.between(...CUT_OFF_MS));
    else if (old !== undefined) memory.silence(old.process);
    addService();
  };
  const crashOwner = (): void => {
    const old = current();
    trace(`${old?.process} crashes`);
    old?.crash();
    if (old !== undefined) network.breakAll(old);
    world.after(world.between(...REPLACED_AFTER_MS), addService);
  };

  const hangAgent = (): void => {
    const forMs = world.chance(0.5) ? null : world.between(...HANGS_MS);
    const node = provider.hangOne(forMs);
    if (node === null) return;
    trace(`the agent of node ${node} hangs ${forMs === null ? 'for good' : `for ${forMs} ms`}`);
    world.after(world.between(...CUT_MS), () => {
      if (provider.agents.get(node)?.hangs === true) network.cut(node);
    });
  };

  const stopService = (): void => {
    const old = current();
    const agents = world.chance(0.5) ? 'leave' : 'end';
    trace(`${old?.process} stops, agents: ${agents}`);
    void old?.stop(agents).then(() => {
      trace(`${old.process} has stopped`);
      network.breakAll(old);
      world.after(world.between(...REPLACED_AFTER_MS), addService);
    });
  };

  const fillDisk = (): void => {
    if (world.now() < fullUntil) return;
    const fullMs = world.between(...FULL_MS);
    [fullSince, fullUntil] = [world.now(), world.now() + fullMs];
    trace(`the disk of the database is full for ${fullMs} ms`);
    world.after(fullMs, () => {
      const isSeen = world.chance(0.5);
      trace(`there is room on the disk${isSeen ? ', and it is seen' : ''}`);
      for (const service of living()) {
        if (isSeen) service.roomSeen();
        checkGoesOn(service, isSeen ? 0 : AFTER_NO_ROOM_MS);
      }
    });
  };

  addService();
  clients.begin();
  now(workload.actionEveryMs, clients.act);
  now(faults.every.nodeDies, () => {
    trace('a node dies');
    provider.killOne();
  });
  now(faults.every.preemption, () => {
    for (const { node, notice } of provider.takeBack()) trace(`node ${node} is taken back ${notice === null ? 'without a notice' : `with a notice of ${notice} ms`}`);
  });
  now(leaseMs === null ? faults.every.agentHangs : null, hangAgent);
  now(faults.every.channelBreaks, network.breakOne);
  now(faults.every.ownerReplaced, replaceOwner);
  now(faults.every.ownerCrashes, crashOwner);
  now(faults.every.serviceStops, stopService);
  now(faults.every.clockSet, () => current()?.setClock(world.between(...CLOCK_SET_MS)));
  now(faults.every.databaseAway, () => {
    awayUntil = world.now() + world.between(...AWAY_MS);
    trace(`the database goes away for ${awayUntil - world.now()} ms`);
  });
  now(faults.every.diskFull, fillDisk);

  const failed = (): boolean => checks.violations.length > 0;
  await world.run(failed, EPOCH + workload.forMs);
  calm = true;
  faults = NO_FAULTS;
  trace('calm');
  const result = (): Result => ({
    violations: checks.violations,
    virtualMs: world.now() - EPOCH,
    steps: world.steps,
    commits,
    ahead,
    attempts: truth.count,
    owners: services.length,
    loads,
    refusedEndings,
    preemptions: checks.preemptions,
    takenBack: checks.takenBack,
    together: checks.together,
    nodeMs: { counted: memory.tables.usage(ACCOUNT).reduce((sum, { nodeMs }) => sum + nodeMs, 0), seen: provider.upMs(), nodes: memory.tables.nodes.size },
    quarantine,
    fingerprint,
  });
  if (failed()) return result();

  let mending = true;
  const mend = (): void => {
    if (!mending) return;
    if (current() === undefined) addService();
    clients.mend();
    world.after(MEND_EVERY_MS, mend);
  };
  mend();
  const until = (keep: 0 | 1) => (): boolean => failed() || (world.steps % LOOK_EVERY_STEPS === 0 && left(keep) === null);
  const left = (keep: 0 | 1): string | null => unfinished({ tables: memory.tables, account: ACCOUNT, truth, provider }, keep);
  if (!(await world.run(until(1), world.now() + FINISH_MS))) checks.violated(`not finished ${FINISH_MS} ms after the last fault: ${left(1)}`);
  mending = false;
  trace('all tasks are done');
  quarantine = memory.tables.quarantine(ACCOUNT).map(({ subject }) => subject);
  // What is in quarantine may never have been taken in.
  if (quarantine.length === 0) transitionChecks.onEnd();
  if (failed()) return result();
  clients.deleteAll();
  if (!(await world.run(until(0), world.now() + FINISH_MS))) checks.violated(`not cleared away: ${left(0)}`);
  trace('all is deleted');
  return result();
}

/** How long an attempt takes and how it ends, by its name alone: the same however the rest of the simulation goes. */
function fate(seed: number): { durationMs: number; outcome: AttemptOutcome } {
  const random = seededRandom(seed);
  const durationMs = Math.ceil(20 + 1_500 * random() ** 4);
  const chance = random();
  const failure = { category: 'UserError', code: 'Simulated', message: 'a simulated failure' } as const;
  if (chance < 0.01) return { durationMs, outcome: { kind: 'notStarted', failure } };
  if (chance < 0.02) return { durationMs, outcome: { kind: 'uploadFailed', exitCode: 0, failure } };
  if (chance < 0.03) return { durationMs, outcome: { kind: 'timedOut', exitCode: 137 } };
  return { durationMs, outcome: { kind: 'exited', exitCode: chance < 0.15 ? 1 + Math.floor(random() * 3) : 0 } };
}

/** FNV-1a. */
function mixed(hash: number, text: string): number {
  let mix = (hash ^ 0x811c9dc5) >>> 0;
  for (let index = 0; index < text.length; index += 1) mix = Math.imul(mix ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return mix;
}

/** A failure of the rules, or of the store over what they decided, that nobody asked for. */
function isFault(fields: object): boolean {
  return 'error' in fields && (fields.error instanceof Refused || (fields.error instanceof RulesFault && !(fields.error.cause instanceof Poisoned)));
}

function describe(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? (value.stack ?? value.message) : value));
}
