using PodExecutor.Driver;
using PodExecutor.Driver.Commands;

// The way in of pod-executor. gitlab-runner calls config, prepare, run (once per stage) and cleanup, about seven times in a job: these
// start with nothing that they do not need (docs/adr/0034-a-light-process-per-call.md). The other verbs are for people.
StaticRuntime.Prepare();
return CallLine.Parse(args) is { } call ? await RunnerCall.RunAsync(call) : await CommandLine.RunAsync(args);
