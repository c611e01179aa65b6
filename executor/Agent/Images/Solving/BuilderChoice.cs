using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>What a build needs of its builder.</summary>
/// <param name="Affinity">Builds with the same one go to the same builder, where their cache is.</param>
/// <param name="Wanted">An address or name that the command line or BUILDKIT_HOST picks, or null.</param>
internal sealed record BuilderWish(string Affinity, IReadOnlyList<string> Platforms, string? Wanted);

/// <param name="Name">For messages.</param>
/// <param name="Waited">For a builder that had room.</param>
internal sealed record BuilderChoice(BuildKitEndpoint Endpoint, string Name, TimeSpan Waited);
