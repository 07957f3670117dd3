// A reading thread that ends before it answers.
process.exit(1)
