using Google.Protobuf;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Ops;
using PodExecutor.Link.Builders;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>Raw definitions (LLB): their cache mounts must be in the job's namespace, since they cannot be moved there (digests depend on them).</summary>
internal sealed class DefinitionPolicy(BuildPolicy policy)
{
    /// <returns>Why the build is refused, or null.</returns>
    public string? Apply(Definition? definition, IEnumerable<Definition> inputs) =>
        (definition is null ? inputs : inputs.Prepend(definition)).SelectMany(d => d.Def).Select(Operation).FirstOrDefault(p => p is not null);

    private string? Operation(ByteString bytes)
    {
        var operation = Op.Parser.ParseFrom(bytes);
        if (operation.Build is not null)
        {
            return "An operation of this definition (BuildOp) takes more operations out of a file that only the builder sees: that is not allowed on this builder. Send one definition that has all of them.";
        }

        var foreign = policy.CacheNamespace.Length == 0 ? null : (operation.Exec?.Mounts ?? []).Select(m => m.CacheOpt?.Id)
            .FirstOrDefault(id => id is not null && !id.StartsWith(policy.CacheNamespace + "/", StringComparison.Ordinal));
        return foreign is null ? null
            : $"The cache mount \"{foreign}\" of this definition is outside the project's namespace: on this builder its id must begin with \"{policy.CacheNamespace}/\".";
    }
}
