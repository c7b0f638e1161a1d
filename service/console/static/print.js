// A page to be printed.
document.getElementById("print").addEventListener("click", () => window.print());
