using System.Text.Json.Nodes;
using PodExecutor.Driver.Pods.Patches;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>The three kinds of patches.</summary>
public sealed class PatchTests
{
    // The table of RFC 7386, appendix A, where target and patch are objects.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    public void Merge_AsTheRfcHasIt_Merges(string target, string patch, string expected) =>
        Same(expected, MergePatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch)!.AsObject()));

    // RFC 6902, appendix A.
    [Theory]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"qux"}]""", """{"foo":"bar","baz":"qux"}""")]
    [InlineData("""{"foo":["bar","baz"]}""", """[{"op":"add","path":"/foo/1","value":"qux"}]""", """{"foo":["bar","qux","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"remove","path":"/baz"}]""", """{"foo":"bar"}""")]
    [InlineData("""{"foo":["bar","qux","baz"]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":["bar","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"replace","path":"/baz","value":"boo"}]""", """{"foo":"bar","baz":"boo"}""")]
    [InlineData("""{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}""", """[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]""", """{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}""")]
    [InlineData("""{"foo":["all","grass","cows","eat"]}""", """[{"op":"move","from":"/foo/1","path":"/foo/3"}]""", """{"foo":["all","cows","eat","grass"]}""")]
    [InlineData("""{"foo":["bar"]}""", """[{"op":"add","path":"/foo/-","value":["abc","def"]}]""", """{"foo":["bar",["abc","def"]]}""")]
    [InlineData("""{"/":9,"~1":10}""", """[{"op":"test","path":"/~01","value":10}]""", """{"/":9,"~1":10}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""")]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"","value":{"b":2}}]""", """{"b":2}""")]
    public void Json_AsTheRfcHasIt_Patches(string target, string patch, string expected) =>
        Same(expected, JsonPatch.Apply(JsonNode.Parse(target)!, JsonNode.Parse(patch)!.AsArray()));

    [Theory]
    [InlineData("""[{"op":"test","path":"/a","value":2}]""", "test: /a is not 2")]
    [InlineData("""[{"op":"remove","path":"/b"}]""", "has no /b")]
    [InlineData("""[{"op":"add","path":"/b/c","value":1}]""", "has no /b/c")]
    [InlineData("""[{"op":"add","path":"/list/7","value":1}]""", "has no /list/7")]
    [InlineData("""[{"op":"add","path":"/list/x","value":1}]""", "has no /list/x")]
    [InlineData("""[{"op":"frob","path":"/a"}]""", "frob")]
    [InlineData("""[{"op":"add","path":"/b"}]""", "has no value")]
    [InlineData("""[{"path":"/b"}]""", "has no op")]
    [InlineData("""[{"op":"add","path":"b","value":1}]""", "must begin with /")]
    [InlineData("[1]", "must be an object")]
    public void Json_ThatDoesNotFit_SaysWhat(string patch, string message) =>
        Assert.Contains(message, Assert.Throws<PatchException>(() => JsonPatch.Apply(JsonNode.Parse("""{"a":1,"list":[]}""")!, JsonNode.Parse(patch)!.AsArray())).Message);

    [Theory]
    [InlineData("elements are found by name", """{"containers":[{"name":"a","image":"1"},{"name":"b"}]}""", """{"containers":[{"name":"a","tty":true},{"name":"c"}]}""", """{"containers":[{"name":"a","image":"1","tty":true},{"name":"b"},{"name":"c"}]}""")]
    [InlineData("lists in elements, too", """{"containers":[{"name":"a","env":[{"name":"X","value":"1"}]}]}""", """{"containers":[{"name":"a","env":[{"name":"X","value":"2"},{"name":"Y","value":"3"}]}]}""", """{"containers":[{"name":"a","env":[{"name":"X","value":"2"},{"name":"Y","value":"3"}]}]}""")]
    [InlineData("mounts by their paths", """{"containers":[{"name":"a","volumeMounts":[{"mountPath":"/x","name":"x"}]}]}""", """{"containers":[{"name":"a","volumeMounts":[{"mountPath":"/x","name":"y"}]}]}""", """{"containers":[{"name":"a","volumeMounts":[{"mountPath":"/x","name":"y"}]}]}""")]
    [InlineData("delete an element", """{"containers":[{"name":"a"},{"name":"b"}]}""", """{"containers":[{"name":"b","$patch":"delete"}]}""", """{"containers":[{"name":"a"}]}""")]
    [InlineData("replace a list", """{"volumes":[{"name":"a"},{"name":"b"}]}""", """{"volumes":[{"$patch":"replace"},{"name":"c"}]}""", """{"volumes":[{"name":"c"}]}""")]
    [InlineData("replace an object", """{"securityContext":{"fsGroup":1}}""", """{"securityContext":{"runAsUser":2,"$patch":"replace"}}""", """{"securityContext":{"runAsUser":2}}""")]
    [InlineData("delete an object", """{"securityContext":{"fsGroup":1},"hostname":"h"}""", """{"securityContext":{"$patch":"delete"}}""", """{"hostname":"h"}""")]
    [InlineData("null removes", """{"hostname":"h","subdomain":"s"}""", """{"hostname":null}""", """{"subdomain":"s"}""")]
    [InlineData("other lists are replaced", """{"tolerations":[{"key":"a"}]}""", """{"tolerations":[{"key":"b"}]}""", """{"tolerations":[{"key":"b"}]}""")]
    [InlineData("a volume has one source", """{"volumes":[{"name":"repo","emptyDir":{}}]}""", """{"volumes":[{"name":"repo","hostPath":{"path":"/x"}}]}""", """{"volumes":[{"name":"repo","hostPath":{"path":"/x"}}]}""")]
    [InlineData("a volume's source is merged", """{"volumes":[{"name":"repo","emptyDir":{"medium":"Memory"}}]}""", """{"volumes":[{"name":"repo","emptyDir":{"sizeLimit":"1Gi"}}]}""", """{"volumes":[{"name":"repo","emptyDir":{"medium":"Memory","sizeLimit":"1Gi"}}]}""")]
    [InlineData("retain keys", """{"strategy":{"a":1,"b":2}}""", """{"strategy":{"$retainKeys":["b"],"b":3}}""", """{"strategy":{"b":3}}""")]
    [InlineData("delete from a plain list", """{"finalizers":["a","b"]}""", """{"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["b"]}""", """{"finalizers":["b"]}""")]
    public void Strategic_AsKubernetesHasIt_Merges(string what, string target, string patch, string expected)
    {
        Assert.NotEmpty(what);
        Same(expected, StrategicMergePatch.Apply(JsonNode.Parse(target)!.AsObject(), JsonNode.Parse(patch)!.AsObject()));
    }

    [Theory]
    [InlineData("""{"containers":[{"image":"x"}]}""", "an element of containers has no name")]
    [InlineData("""{"containers":["x"]}""", "must be an object")]
    [InlineData("""{"securityContext":{"$patch":"frob"}}""", "$patch: frob")]
    public void Strategic_ThatDoesNotFit_SaysWhat(string patch, string message) =>
        Assert.Contains(message, Assert.Throws<PatchException>(() => StrategicMergePatch.Apply([], JsonNode.Parse(patch)!.AsObject())).Message);

    private static void Same(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, got {actual.ToJsonString()}");
}
