/**
 * A JupyterLab extension that shows application/vnd.plotly.v1+json with the plotly.js beside it, which is loaded with
 * the first figure. JupyterLab takes extensions as webpack containers; this is one written by hand, since all it shares
 * with JupyterLab is the Widget class.
 */
(() => {
  const base = document.currentScript.src.replace(/[^/]*$/, "");
  let shared;
  let plotly;

  const fromLab = async (name) => {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  };

  const loadPlotly = () => {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${base}plotly.min.js`;
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error(`cannot load ${script.src}`));
      document.head.append(script);
    });
    return plotly;
  };

  const mimeExtension = async () => {
    const { Widget } = await fromLab("@lumino/widgets");

    class PlotlyWidget extends Widget {
      constructor({ mimeType }) {
        super();
        this.mimeType = mimeType;
        this.addClass("jp-RenderedPlotly");
      }

      async renderModel(model) {
        const { data, layout = {}, config = {}, frames = [] } = model.data[this.mimeType];
        const { react, addFrames } = await loadPlotly();
        if (layout.width === undefined) this.node.style.width = "100%";
        await react(this.node, data, { height: 450, ...layout }, { responsive: true, ...config });
        if (frames.length > 0) await addFrames(this.node, frames);
      }

      onResize() {
        if (this.node.classList.contains("js-plotly-plot")) void window.Plotly.Plots.resize(this.node);
      }
    }

    return {
      id: "jessl-plotly:mime",
      description: "Shows Plotly figures.",
      rank: 0,
      dataType: "json",
      rendererFactory: {
        safe: true,
        mimeTypes: ["application/vnd.plotly.v1+json"],
        createRenderer: (options) => new PlotlyWidget(options),
      },
    };
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["jessl-plotly"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const module = { __esModule: true, default: await mimeExtension() };
      return () => module;
    },
  };
})();
