// Brings the parts together: the stream fills the store, the views draw it once a frame at most.

import { by, h, setText } from './dom.js';
import { clock } from './format.js';
import { Store } from './store.js';
import { Stream } from './stream.js';
import { Theme } from './theme.js';
import { Tiles } from './tiles.js';
import { Memory } from './memory.js';
import { Hits } from './hits.js';
import { Latency } from './latency.js';
import { SessionTable } from './sessions.js';
import { Events } from './events.js';
import { Leases } from './leases.js';
import { Detail } from './detail.js';
import { Actions } from './actions.js';

const store = new Store();
const stream = new Stream({ event: took, lost, refused });
const actions = new Actions(store, stream, toast);
const detail = new Detail(by('detail'), store, stream, actions);
const table = new SessionTable(by('table'), store, (key) => detail.open(key));
const views = [new Tiles(by('tiles')), new Memory(by('memory')), new Hits(by('hits')), new Latency(by('latency')), table, new Events(by('events')), new Leases(by('leases'))];
new Theme(by('theme'));

let countdown = 0;
let drawing = false;

function state(name) {
  document.body.dataset.state = name;
}

function took(name, data) {
  store.take(name, data);
  if (name === 'hello') {
    signedIn();
  }
  if (name === 'snapshot') {
    live();
  }
  draw();
}

function draw() {
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (store.snapshot) {
        views.forEach((view) => view.draw(store));
      }
    });
  }
}

function signedIn() {
  by('sign-in').hidden = true;
  by('content').hidden = false;
  by('sign-out').hidden = !stream.key;
  by('model').hidden = false;
  setText(by('model'), store.hello.model);
  by('model').title = `model ${store.hello.model}, tenant ${store.hello.tenant}, role ${store.hello.role}`;
}

function live() {
  clearInterval(countdown);
  state(store.sessions.size === 0 ? 'empty' : 'live');
  by('banner').hidden = true;
  setText(by('status').lastElementChild, 'Live');
}

function lost(why, wait) {
  state('lost');
  setText(by('status').lastElementChild, 'Disconnected');
  const since = store.snapshot ? ` What you see is from ${clock(store.snapshot.at)}.` : '';
  const left = h('span', null, `${wait} s`);
  by('banner').replaceChildren(
    h('strong', null, 'The connection to the server is lost.'),
    h('span', null, `${since} Trying again in `, left, `. (${why})`),
    h('button', { type: 'button', on: { click: () => stream.retryNow() } }, 'Try now'));
  by('banner').hidden = false;
  clearInterval(countdown);
  let seconds = wait;
  countdown = setInterval(() => setText(left, `${Math.max(0, --seconds)} s`), 1000);
}

function refused(status, why) {
  clearInterval(countdown);
  state('refused');
  store.forget();
  detail.close();
  setText(by('status').lastElementChild, status === 401 ? 'Not signed in' : 'Not allowed');
  setText(by('sign-in-why'), stream.key
    ? `The server does not accept this key: ${why}.`
    : 'Paste an API key of your tenant. It stays in this browser tab and is sent to this server only.');
  by('content').hidden = true;
  by('banner').hidden = true;
  by('sign-out').hidden = true;
  by('sign-in').hidden = false;
  by('key').focus();
}

function toast(text, isError) {
  const item = h('div', { class: isError ? 'toast bad' : 'toast' }, text);
  by('toasts').append(item);
  setTimeout(() => item.remove(), isError ? 12000 : 5000);
}

by('sign-in-form').addEventListener('submit', (event) => {
  event.preventDefault();
  stream.key = by('key').value.trim();
  by('key').value = '';
  state('loading');
  stream.start();
});

by('sign-out').addEventListener('click', () => {
  stream.key = null;
  stream.start();
});

by('content').hidden = false;
stream.start();
