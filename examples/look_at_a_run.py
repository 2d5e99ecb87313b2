# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Look at a run
#
# This is a notebook, saved as text: open it in Jupyter with jupytext, or run it as a script.
# It loads a run folder that `isochron compare` made, prints the answer and the tables, and draws
# the main figure of the report again from the data in the folder.

# %%
# pyright: reportUnusedExpression=false
import os
from pathlib import Path

from IPython.display import Image

from isochron.studies import read_results
from isochron.studies.compare.figures import draw_overview
from isochron.studies.compare.report import main_systems
from isochron.studies.compare.table import format_results

run = Path(os.environ.get("ISOCHRON_RUN", "runs/demo"))
results = read_results(run)
print(results.question)
print(format_results(results))

# %% [markdown]
# The phase portraits, each in the plane of the two main components of its stable cycles.

# %%
figure = draw_overview(run, main_systems(results))
handles = {}
for letter, ax in zip("abcdefghijkl", figure.axes, strict=False):
    ax.set_title(f"{letter}  {ax.get_title()}", loc="left")
    ax.set_title("")
    handles |= dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    ax.get_legend().remove()
figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False)
figure.savefig(run / "overview.png", dpi=130)
Image(run / "overview.png")

# %% [markdown]
# Everything is there as arrays too: here is the worm's cycle.

# %%
from isochron import sims  # noqa: E402

data = sims.load_dataset(run / "data" / "worm.nc")
data
