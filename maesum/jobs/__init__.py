"""What commands do once their config has composed: training, prediction, export, each job in a process of its own."""
