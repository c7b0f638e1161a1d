// Sets the look that was chosen before anything is painted: a module would come too late.
"use strict";
document.documentElement.dataset.theme = localStorage.getItem("tipdesk.theme") ?? "";
