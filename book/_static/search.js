// Search by section: BM25 over title, index entries, prose and names in code, and more where words that were typed stand
// side by side. The page loads Sphinx's stemmer (language_data.js), the words of the sections (sections0.js to
// sections3.js, packed by _ext/sections.py) and synonyms.js before this.
(async () => {
  if (!window.DecompressionStream) {
    document.getElementById("search-note").textContent = "This search needs a browser of 2023 or later.";
    document.getElementById("search-help").hidden = false;
    return;
  }
  const stemmer = new Stemmer();
  const skipped = new Set([...stopwords, ...SKIPPED.split(" ")]);
  const spell = (word) => word.normalize("NFD").replace(/\p{M}/gu, "") // Matern is Matérn; one spelling for British and American
    .replace(/is(e|ed|es|er|ing|ation)$/, "iz$1").replace(/our(s|ed|ing)?$/, "or$1").replace(/ll(ed|ing|er)$/, "l$1").replace("sced", "sked");
  const stem = (word) => { // to standardise is not the stem of standard, nor a covariate that of a covariance
    const root = spell(word).match(/^(.{3,}iz)(?:e|ed|es|er|ing|ation)$|^(covariate|position)s?$/);
    return root ? root[1] || root[2] : stemmer.stemWord(spell(word));
  };
  const remembered = (work) => { // most words stand in the book many times
    const known = new Map();
    return (word) => known.get(word) ?? known.set(word, work(word)).get(word);
  };
  // The forms under which a token of a text is found: itself, its parts, and what it is without its hyphens.
  const forms = remembered((token) => {
    const parts = token.replace(/(\p{Ll})(?=\p{Lu})/gu, "$1_").toLowerCase().split(/[-_.]+/);
    const whole = [token.toLowerCase(), token.toLowerCase().replace(/[-_.]/g, "")];
    return [...new Set([...whole, ...parts])].filter((word) => word && !skipped.has(word)).map(stem);
  });
  const tokens = (text) => text.match(/[\p{L}\p{N}]+(?:[-_.][\p{L}\p{N}]+)*/gu) || [];

  const WEIGHTS = { title: 8, index: 5, prose: 1, code: 0.5 };
  const MINOR = /^[\d.]* ?(Summary|What can go wrong|Quiz|Exercises|Where to go next|References|Index)$/; // name all, explain little
  const packed = Uint8Array.from(atob(window.SECTIONS.join("")), (letter) => letter.charCodeAt(0));
  const unpacked = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
  const [written, pages] = await unpacked.json(); // a letter of a text stands for a word with its space, or a mark
  const known = written.map((word) => (/[\p{L}\p{N}]/u.test(word) ? { word: word.trim().toLowerCase(), forms: forms(word.trim()) } : null));
  const letters = (text) => Array.from(text, (letter) => letter.charCodeAt(0) - 32);
  const spelled = (text) => letters(text).map((i) => written[i]).join("");
  const sections = Object.values(pages).flat();
  const frequency = new Map(); // in how many sections a word stands
  const spelt = new Map(); // every word of the book as it is written, with its stem
  for (const section of sections) {
    section.counts = new Map();
    section.rows = []; // the forms of one word after another
    section.length = 0;
    for (const [field, weight] of Object.entries(WEIGHTS)) {
      const row = [];
      for (const token of letters(section[field]).map((i) => known[i])) {
        if (!token) continue;
        if (field === "prose") section.length++;
        if (!token.forms.length) continue;
        spelt.set(token.word, token.forms[0]);
        for (const word of token.forms) section.counts.set(word, (section.counts.get(word) || 0) + weight);
        row.push(token.forms);
      }
      section.rows.push(row);
    }
    section.title = spelled(section.title);
    section.named = new Set(section.rows[0].flat());
    section.names = [section.title.replace(/^[\d.]+ /, ""), ...spelled(section.index).split(", ")]
      .map((text) => tokens(text).flatMap((token) => forms(token).slice(0, 1))).filter((words) => words.length);
    section.code_name = /#(module-)?mtgp_tutorial/.test(section.address);
    for (const word of section.counts.keys()) frequency.set(word, (frequency.get(word) || 0) + 1);
  }
  const mean = sections.reduce((sum, section) => sum + section.length, 0) / sections.length;
  const rarity = (word) => Math.log(1 + sections.length / (frequency.get(word) || 1));
  const weigh = (section, word) => {
    const n = section.counts.get(word) || 0;
    return (rarity(word) * n * 2.2) / (n + 1.2 * (0.3 + (0.7 * section.length) / mean));
  };

  const oneEditApart = (a, b) => { // a letter more, less, changed, or two swapped
    let i = 0, k = 0;
    while (i < a.length && a[i] === b[i]) i++;
    while (k < a.length - i && k < b.length - i && a.at(-1 - k) === b.at(-1 - k)) k++;
    const [x, y] = [a.slice(i, a.length - k), b.slice(i, b.length - k)];
    return Math.max(x.length, y.length) < 2 || (x.length === 2 && x === y[1] + y[0]);
  };
  const near = (token) => { // the word's stem, or what it may be if it was misspelt
    const word = token.toLowerCase(), itself = stem(word);
    if (frequency.has(itself) || word.length < 5) return [itself];
    const others = [...spelt].filter(([other]) => other.length > 3 && oneEditApart(word, other)).map(([, root]) => root);
    return others.length ? [...new Set(others)] : [itself];
  };
  const meant = new Map(Object.entries(SYNONYMS).map(([word, others]) => [spell(word), others && tokens(others).flatMap(forms)]));
  const meaning = (token) => {
    const word = spell(token.toLowerCase());
    return meant.get(word) ?? meant.get(word.replace(/s$/, "")) ?? [];
  };
  // Words that mean one thing together, as error_bar among the synonyms, become one token.
  const phrases = Object.keys(SYNONYMS).filter((key) => key.includes("_"))
    .map((key) => [new RegExp(`\\b${key.replaceAll("_", "[ -]")}(?=s?\\b)`, "gi"), key]);
  // A group for each word that was typed: [word, weight] of itself, its parts and its synonyms.
  const understood = (query) => {
    const typed = tokens(phrases.reduce((text, [pattern, key]) => text.replace(pattern, key), query));
    const telling = typed.filter((token) => meaning(token) !== "");
    return (telling.length ? telling : typed).map((token) => {
      const [first, ...parts] = forms(token), others = meaning(token);
      const itself = first ? near(token) : [];
      return [...itself.map((word) => [word, 1]), ...parts.map((word) => [word, 0.9]), ...[...others].map((word) => [word, 0.8])];
    }).filter((group) => group.length);
  };

  window.searchSections = async (query) => {
    const groups = understood(query), name = query.replace(/\(.*\)$/, "");
    const importance = groups.map((group) => Math.max(...group.map(([word]) => frequency.has(word) ? rarity(word) : 0)) || rarity(""));
    const all = importance.reduce((sum, one) => sum + one, 0);
    const sets = groups.map((group) => new Set(group.map(([word]) => word)));
    const anyOf = new Set(groups.flat().map(([word]) => word));
    const beside = ({ rows }, one, other) => // whether words of two groups stand side by side
      rows.some((row) => row.some((all, i) => i && one.has(row[i - 1][0]) && all.some((word) => other.has(word))));
    const scored = sections.map((section) => {
      let score = 0, met = 0, missed = 0;
      groups.forEach((group, i) => {
        const best = Math.max(...group.map(([word, weight]) => weight * weigh(section, word)));
        score += best;
        if (best > 0) met += importance[i];
        else missed++;
      });
      const together = met && sets.slice(1).filter((other, i) => beside(section, sets[i], other)).length;
      const named = [...section.named].filter((word) => groups.some((group) => group.some(([one, weight]) => weight === 1 && one === word)));
      // Who types a name wants it first; who types a title or an index entry, what bears it; others no name of the module.
      const said = Math.max(0, ...section.names.filter((words) => words.every((word) => anyOf.has(word)))
        .map((words) => groups.reduce((sum, _, i) => sum + (words.some((word) => sets[i].has(word)) ? importance[i] : 0), 0) / all));
      const titled = 1 + said + (0.3 * named.length) / (section.named.size || 1);
      const title = section.title === name ? 3 : section.code_name ? 0.8 : titled;
      const weight = title * (1 + 0.3 * together) * (MINOR.test(section.title) ? 0.5 : 1);
      return { ...section, met: met / all, missed: missed / groups.length, score: score * (met / all) ** 1.5 * weight };
    });
    return scored.filter((section) => section.score > 0).sort((a, b) => b.score - a.score).slice(0, 10);
  };

  const excerpt = (prose, wanted) => { // the sentence with most of the words, the first of equals, and what follows a short one
    const worth = (text) => new Set(tokens(text).flatMap(forms).filter((word) => wanted.has(word))).size;
    let best = { worth: -1, text: "" };
    for (const block of prose.split("\n"))
      block.split(/(?<=[.?!]) +(?=[\p{Lu}(“])/u).forEach((text, i, all) => {
        if (worth(text) > best.worth) best = { worth: worth(text), text: text.length < 80 ? all.slice(i, i + 2).join(" ") : text };
      });
    const text = best.text.replace(/^(?=\p{Ll})/u, "… ");
    return text.length > 280 ? text.slice(0, text.lastIndexOf(" ", 280)) + " …" : text;
  };
  const show = (section, wanted) => {
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement("a"));
    link.href = document.documentElement.dataset.content_root + section.address;
    link.textContent = section.title;
    if (!section.title.endsWith(section.page)) item.appendChild(document.createElement("small")).textContent = section.page;
    const text = item.appendChild(document.createElement("p"));
    for (const piece of excerpt(spelled(section.prose), wanted).split(/([\p{L}\p{N}]+(?:[-_.][\p{L}\p{N}]+)*)/u))
      if (forms(piece).some((word) => wanted.has(word))) text.appendChild(document.createElement("mark")).textContent = piece;
      else text.append(piece);
    return item;
  };
  const query = new URLSearchParams(location.search).get("q")?.trim() || "";
  const field = document.querySelector(".bd-search-container input");
  field.focus();
  if (!query) return;
  field.value = query;
  const found = await window.searchSections(query), wanted = new Set(understood(query).flat().map(([word]) => word));
  const weak = !(found[0]?.met > 0.5 && found[0].missed < 0.5); // half of what was typed is not where most of it is
  document.getElementById("search-note").textContent = !found.length ? `Nothing found for “${query}”. Try other or fewer words.`
    : weak ? `No place has all of these words; ${found.length} have some of them.` : `${found.length} places, the best first.`;
  document.getElementById("search-help").hidden = !weak;
  document.getElementById("search-results").append(...found.map((section) => show(section, wanted)));
})();
