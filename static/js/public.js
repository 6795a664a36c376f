/* For every page, residents' and staff's. Plain 2017 JavaScript: phones in use here carry browsers of 2020. */
(function () {
  "use strict";
  var root = document.documentElement;
  root.setAttribute("data-js", "");

  function each(list, act) {
    Array.prototype.forEach.call(list, act);
  }

  /* Double click: the second submit of a form that is on its way is dropped. The server guards too. */
  function setSent(form, sent) {
    form.sentAt = sent ? Date.now() : 0;
    each(form.elements, function (el) {
      if (el.type === "submit") {
        if (sent) el.setAttribute("aria-disabled", "true");
        else el.removeAttribute("aria-disabled");
      }
    });
  }
  document.addEventListener(
    "submit",
    function (event) {
      var form = event.target;
      if (form.method !== "post" || form.hasAttribute("data-again")) return;
      if (form.shrinking) {
        event.preventDefault();
        event.stopImmediatePropagation();
        form.waiting = event.submitter || true;
        return;
      }
      if (form.sentAt && Date.now() - form.sentAt < 15000) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      setTimeout(function () {
        setSent(form, true);
      }, 0);
    },
    true
  );
  window.addEventListener("pageshow", function () {
    each(document.forms, function (form) {
      if (form.sentAt) setSent(form, false);
    });
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.target.closest("form");
    if (form && form.sentAt && event.detail.requestConfig.verb !== "get") setSent(form, false);
  });

  /* Photos: at most 1600 pixels on the long side, so that a slow line can carry them. */
  var LONGEST = 1600;
  function shrink(file) {
    return createImageBitmap(file, { imageOrientation: "from-image" }).then(function (image) {
      var scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
      if (scale === 1 && file.size < 600000) return file;
      var canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return new Promise(function (done) {
        canvas.toBlob(
          function (blob) {
            done(
              blob && blob.size < file.size
                ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" })
                : file
            );
          },
          "image/jpeg",
          0.85
        );
      });
    });
  }
  function show(input, files) {
    var note = input.parentNode.querySelector(".file-note");
    if (!note) return;
    note.textContent = "";
    files.forEach(function (file) {
      var picture = document.createElement("img");
      picture.className = "thumb";
      picture.alt = "";
      picture.src = URL.createObjectURL(file);
      note.appendChild(picture);
      note.appendChild(document.createTextNode(file.name + " " + Math.ceil(file.size / 1024) + " KB"));
    });
  }
  document.addEventListener("change", function (event) {
    var input = event.target;
    if (input.type !== "file" || !input.hasAttribute("data-shrink")) return;
    var files = Array.prototype.slice.call(input.files);
    if (!window.createImageBitmap || !window.DataTransfer) return show(input, files);
    var form = input.form;
    form.shrinking = (form.shrinking || 0) + 1;
    Promise.all(
      files.map(function (file) {
        return shrink(file).catch(function () {
          return file;
        });
      })
    )
      .then(function (small) {
        var bag = new DataTransfer();
        small.forEach(function (file) {
          bag.items.add(file);
        });
        input.files = bag.files;
        show(input, small);
      })
      .catch(function () {
        show(input, files);
      })
      .then(function () {
        form.shrinking -= 1;
        var submitter = form.waiting;
        if (form.shrinking || !submitter) return;
        form.waiting = null;
        if (submitter.click) submitter.click();
        else form.submit();
      });
  });

  /* Counter under a text box: what is written / what fits. */
  document.addEventListener("input", function (event) {
    var box = event.target;
    var most = box.getAttribute && box.getAttribute("data-count");
    var note = most && box.parentNode.querySelector(".count-note");
    if (!note) return;
    var length = Array.from(box.value).length;
    note.textContent = length + "/" + most;
    note.setAttribute("data-state", length > Number(most) ? "over" : "ok");
  });

  document.addEventListener("click", function (event) {
    var copy = event.target.closest("[data-copy]");
    if (copy) {
      var source = document.querySelector(copy.getAttribute("data-copy"));
      var done = function () {
        if (copy.getAttribute("data-done")) copy.textContent = copy.getAttribute("data-done");
      };
      if (navigator.clipboard) navigator.clipboard.writeText(source.textContent.trim()).then(done);
      else {
        getSelection().selectAllChildren(source);
        if (document.execCommand("copy")) done();
      }
    }
    if (event.target.closest("[data-print]")) window.print();
  });
  if (document.body.hasAttribute("data-auto-print")) window.print();

  var summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  /* A page that shows progress looks again by itself, unless somebody is writing on it. */
  var seconds = Number(document.body.getAttribute("data-refresh"));
  var touched = false;
  document.addEventListener("input", function () {
    touched = true;
  });
  if (seconds)
    setInterval(function () {
      if (!document.hidden && !touched) location.reload();
    }, seconds * 1000);
})();
