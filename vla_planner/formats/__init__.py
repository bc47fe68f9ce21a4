"""What planners answer, each format with its grammar: from text to a plan or a typed refusal."""
