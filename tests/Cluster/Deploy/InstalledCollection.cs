namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>Tests that share one installation.</summary>
[CollectionDefinition(nameof(InstalledCollection))]
public sealed class InstalledCollection : ICollectionFixture<Installation>;
