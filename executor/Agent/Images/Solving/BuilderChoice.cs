using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>What a build needs of its builder.</summary>
/// <param name="Affinity">Builds with the same one go to the same builder, where their cache is.</param>
/// <param name="Wanted">An address or name that the command line or BUILDKIT_HOST picks, or null.</param>
/// <param name="MaySplit">Several builders will do, each for some of the platforms.</param>
internal sealed record BuilderWish(string Affinity, IReadOnlyList<string> Platforms, string? Wanted, bool MaySplit = false);

/// <param name="Name">For messages.</param>
/// <param name="Waited">For a builder that had room.</param>
internal sealed record BuilderChoice(BuildKitEndpoint Endpoint, string Name, TimeSpan Waited);

/// <param name="Groups">Of platforms, to be asked for one by one.</param>
/// <param name="InsecureRegistries">The operator's: over plain HTTP or with any certificate.</param>
internal sealed record BuilderSplit(IReadOnlyList<IReadOnlyList<string>> Groups, IReadOnlyList<string> InsecureRegistries);

/// <summary>One of the two.</summary>
internal sealed record BuilderAnswer(BuilderChoice? Choice, BuilderSplit? Split);
