// as released: its own go.mod replaces modules, which counts in its own folder alone
module lab.invalid/gitea

go 1.26.0

tool code.gitea.io/gitea

require code.gitea.io/gitea v1.25.2
