"""Evaluate a scores file on a benchmark: every figure with its protocol, baselines and interval."""

from maesum.config.evaluation import EvaluationSettings
from maesum.evaluation.display import print_evaluation
from maesum.evaluation.evaluator import Evaluation, evaluate
from maesum.evaluation.tables import Table

__all__ = ["Evaluation", "EvaluationSettings", "Table", "evaluate", "print_evaluation"]
