// as released: its own go.mod replaces modules, which counts in its own folder alone
module lab.invalid/helmfile

go 1.26.6

tool github.com/helmfile/helmfile

require github.com/helmfile/helmfile v1.8.0
