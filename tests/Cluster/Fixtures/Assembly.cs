using PodExecutor.Tests.Cluster.Fixtures;
using Xunit.Sdk;
using Xunit.v3;

// One node with two cores, and tests that kill its API server: nothing beside each other but what a test itself starts so.
[assembly: Parallelization(Mode = ParallelMode.None)]
[assembly: AssemblyFixture(typeof(TestCluster))]
