using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>variables: NAME: value, or NAME: {value, description, options, expand}.</summary>
internal static class VariableReader
{
    public static IReadOnlyList<JobVariable> Read(ValueReader values, YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return [];
        }

        if (entry!.Value is YamlMap map)
        {
            return [.. map.Entries.Select(e => One(values, e)).OfType<JobVariable>()];
        }

        values.Problems.Error(entry.Value.Place, $"{entry.Key}: this is {entry.Value.Kind}, it must be a mapping of names to values");
        return [];
    }

    private static JobVariable? One(ValueReader values, YamlEntry entry)
    {
        switch (entry.Value)
        {
            case YamlScalar scalar:
                return new JobVariable { Key = entry.Key, Value = scalar.IsNull ? "" : scalar.Text, Public = true };
            case YamlMap map:
                values.Only(map, $"variables: {entry.Key}", "value", "description", "options", "expand");
                return new JobVariable
                {
                    Key = entry.Key,
                    Value = values.Text(map.Find("value")) ?? "",
                    Public = true,
                    Raw = values.Flag(map.Find("expand")) == false,
                };
            default:
                values.Problems.Error(entry.Value.Place, $"variables: {entry.Key}: this is {entry.Value.Kind}, it must be a text");
                return null;
        }
    }
}
