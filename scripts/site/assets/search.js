// The search field of each page. The index and what reads it are loaded when the field is first used, as scripts:
// a page that was opened as a file may load nothing else.
(function () {
  const root = document.documentElement.dataset.root;
  const field = document.getElementById('search');
  const list = document.getElementById('found');
  const MOST = 12;
  let search;

  function script(name) {
    return new Promise(function (resolve, reject) {
      const element = document.createElement('script');
      element.src = root + 'assets/' + name;
      element.addEventListener('load', resolve);
      element.addEventListener('error', reject);
      document.head.append(element);
    });
  }

  function load() {
    search ??= Promise.all([script('minisearch.js'), script('index.js')]).then(function () {
      return window.MiniSearch.loadJSON(window.linariteIndex.index, window.linariteIndex.options);
    });
    return search;
  }

  function item(found) {
    const link = document.createElement('a');
    link.href = root + found.href;
    const heading = document.createElement('strong');
    heading.textContent = found.heading;
    const page = document.createElement('small');
    page.textContent = found.title === found.heading ? '' : found.title;
    const begins = document.createElement('span');
    begins.textContent = found.begins;
    link.append(heading, ' ', page, document.createElement('br'), begins);
    const element = document.createElement('li');
    element.append(link);
    return element;
  }

  async function show() {
    const asked = field.value;
    const index = await load();
    if (asked !== field.value) return;
    const found = asked.trim() === '' ? [] : index.search(asked, { prefix: true, fuzzy: 0.15, combineWith: 'AND', boost: { heading: 4, title: 3 } }).slice(0, MOST);
    list.replaceChildren(...found.map(item));
    list.hidden = asked.trim() === '';
    if (!list.hidden && found.length === 0) list.append(Object.assign(document.createElement('li'), { textContent: 'Nothing found', className: 'none' }));
  }

  field.addEventListener('focus', load);
  field.addEventListener('input', show);
  document.addEventListener('keydown', function (event) {
    if (event.key === '/' && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    } else if (event.key === 'Escape') {
      list.hidden = true;
      field.blur();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const links = [...list.querySelectorAll('a')];
      if (list.hidden || links.length === 0) return;
      const at = links.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
      event.preventDefault();
      (links[at] ?? field).focus();
    } else if (event.key === 'Enter' && document.activeElement === field) {
      list.querySelector('a')?.click();
    }
  });
  document.addEventListener('click', function (event) {
    if (!event.target.closest('.search') || event.target.closest('#found a')) list.hidden = true;
  });

  if (matchMedia('(max-width: 900px)').matches) document.querySelector('nav details').open = false;
})();
