// The figures that say at a glance whether all is well, each with what is normal.

import { h, setText } from './dom.js';
import { bytes, count, counted, percent, seconds } from './format.js';

const tiles = [
  { id: 'memory', name: 'Memory held', normal: 'normal: below the high watermark', of: memory },
  { id: 'sessions', name: 'Sessions on devices', normal: 'the others are cold and come back when used', of: sessions },
  { id: 'turns', name: 'Turns running', normal: 'normal: none waits, none refused', of: turns },
  { id: 'first', name: 'First token, median', normal: 'normal: below 1 s', of: (s) => latency(s.activity.first_token_seconds, 1, 5) },
  { id: 'token', name: 'Next tokens, median', normal: 'normal: below 100 ms', of: (s) => latency(s.activity.per_token_seconds, 0.1, 0.3) },
  { id: 'hits', name: 'History not computed again', normal: 'normal: above 80 %', of: hits },
];

export class Tiles {
  constructor(box) {
    this.parts = tiles.map((tile) => {
      const value = h('strong', { class: 'tile-value' }, '–');
      const detail = h('span', { class: 'tile-detail' }, ' ');
      const element = h('div', { class: 'tile', 'data-tile': tile.id },
        h('h3', null, tile.name), value, detail, h('span', { class: 'tile-normal' }, tile.normal));
      box.append(element);
      return { tile, element, value, detail };
    });
  }

  draw(store) {
    for (const { tile, element, value, detail } of this.parts) {
      const shown = tile.of(store.snapshot, store);
      setText(value, shown.value);
      setText(detail, shown.detail);
      element.dataset.level = shown.level ?? 'good';
    }
  }
}

function memory(snapshot, store) {
  let total = 0;
  let used = 0;
  let pressing = false;
  for (const { device } of store.devices()) {
    total += device.pressure?.limit_bytes ?? device.total_bytes;
    used += device.total_bytes - device.free_bytes;
    pressing ||= device.pressure ? device.pressure.pressing || device.total_bytes - device.free_bytes > device.pressure.high_bytes : false;
  }
  return {
    value: total === 0 ? '–' : percent(used / total),
    detail: `${bytes(used)} of ${bytes(total)}`,
    level: pressing ? 'warn' : 'good',
  };
}

function sessions(snapshot, store) {
  return {
    value: count(snapshot.sessions.on_device),
    detail: `${count(store.sessions.size)} known, ${count(snapshot.sessions.running)} generating`,
  };
}

function turns(snapshot, store) {
  const running = store.devices().reduce((sum, { device }) => sum + device.running, 0);
  const waiting = store.devices().reduce((sum, { device }) => sum + device.waiting, 0);
  const refused = snapshot.activity.turns_refused;
  return {
    value: count(running),
    detail: `${count(waiting)} waiting, ${count(refused)} refused in the last minute`,
    level: refused > 0 ? 'bad' : waiting > 0 ? 'warn' : 'good',
  };
}

function latency(durations, warn, bad) {
  return durations.count === 0
    ? { value: '–', detail: 'none in the last minute' }
    : {
        value: seconds(durations.p50),
        detail: `p95 ${seconds(durations.p95)}`,
        level: durations.p50 > bad ? 'bad' : durations.p50 > warn ? 'warn' : 'good',
      };
}

function hits(snapshot) {
  const cached = snapshot.activity.attached.reduce((sum, part) => sum + part.cached_tokens, 0);
  const again = snapshot.activity.attached.reduce((sum, part) => sum + part.recomputed_tokens, 0);
  if (cached + again === 0) {
    return { value: '–', detail: 'no history in the last minute' };
  }
  const share = cached / (cached + again);
  return { value: percent(share), detail: `${counted(again, 'token')} computed again`, level: share < 0.5 ? 'bad' : share < 0.8 ? 'warn' : 'good' };
}
